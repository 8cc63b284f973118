//! The ten attribute types and how they are spelled.

/// An attribute's type. `{"NULL": true}` is the only null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// `{"S": "text"}`
    S,
    /// `{"N": "12.5"}`
    N,
    /// `{"B": "base64"}`
    B,
    /// `{"BOOL": true}`
    Bool,
    /// `{"NULL": true}`
    Null,
    /// `{"M": {"name": value, …}}`
    M,
    /// `{"L": [value, …]}`
    L,
    /// `{"SS": ["text", …]}`; the elements are nodes of type S.
    Ss,
    /// `{"NS": ["1", …]}`; the elements are nodes of type N.
    Ns,
    /// `{"BS": ["base64", …]}`; the elements are nodes of type B.
    Bs,
}

impl Descriptor {
    /// The type of this descriptor.
    pub fn parse(text: &[u8]) -> Option<Descriptor> {
        Some(match text {
            b"S" => Descriptor::S,
            b"N" => Descriptor::N,
            b"B" => Descriptor::B,
            b"BOOL" => Descriptor::Bool,
            b"NULL" => Descriptor::Null,
            b"M" => Descriptor::M,
            b"L" => Descriptor::L,
            b"SS" => Descriptor::Ss,
            b"NS" => Descriptor::Ns,
            b"BS" => Descriptor::Bs,
            _ => return None,
        })
    }

    /// The type whose descriptor is this letter and whose value is text.
    #[inline(always)]
    pub(super) fn of_text(letter: u8) -> Option<Descriptor> {
        match letter {
            b'S' => Some(Descriptor::S),
            b'N' => Some(Descriptor::N),
            b'B' => Some(Descriptor::B),
            _ => None,
        }
    }

    /// The type of a value that begins `{"M":{` or the like, and how many bytes precede its value.
    #[inline(always)]
    pub(super) fn of_head(head: &[u8; 9]) -> Option<(Descriptor, usize)> {
        match head {
            [b'{', b'"', b'M', b'"', b':', b'{', ..] => Some((Descriptor::M, 5)),
            [b'{', b'"', b'L', b'"', b':', b'[', ..] => Some((Descriptor::L, 5)),
            [b'{', b'"', letter, b'"', b':', b'"', ..] => Some((Descriptor::of_text(*letter)?, 5)),
            b"{\"BOOL\":t" | b"{\"BOOL\":f" => Some((Descriptor::Bool, 8)),
            b"{\"NULL\":t" => Some((Descriptor::Null, 8)),
            [b'{', b'"', b'S', b'S', b'"', b':', b'[', ..] => Some((Descriptor::Ss, 6)),
            [b'{', b'"', b'N', b'S', b'"', b':', b'[', ..] => Some((Descriptor::Ns, 6)),
            _ => None,
        }
    }

    pub(super) fn as_bytes(self) -> &'static [u8] {
        match self {
            Descriptor::S => b"S",
            Descriptor::N => b"N",
            Descriptor::B => b"B",
            Descriptor::Bool => b"BOOL",
            Descriptor::Null => b"NULL",
            Descriptor::M => b"M",
            Descriptor::L => b"L",
            Descriptor::Ss => b"SS",
            Descriptor::Ns => b"NS",
            Descriptor::Bs => b"BS",
        }
    }

    /// The type of a set's elements.
    pub(super) fn element(self) -> Option<Descriptor> {
        match self {
            Descriptor::Ss => Some(Descriptor::S),
            Descriptor::Ns => Some(Descriptor::N),
            Descriptor::Bs => Some(Descriptor::B),
            _ => None,
        }
    }
}
