//! What was seen at one path: counts and the most digits, never a value. Two of them add up.

use dynalake::item::Descriptor;
use dynalake::text::number::{Decimal, DigitCount};
use dynalake::text::time;

/// Where an image is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An item as it is: what rows hold.
    Item,
    /// An item that is gone: its keys, and what it was. Rows hold the keys.
    Deleted,
}

/// The descriptors in the order of [`Counts::of`].
pub(super) const DESCRIPTORS: [(Descriptor, &str); 10] = [
    (Descriptor::S, "S"),
    (Descriptor::N, "N"),
    (Descriptor::B, "B"),
    (Descriptor::Bool, "BOOL"),
    (Descriptor::Null, "NULL"),
    (Descriptor::M, "M"),
    (Descriptor::L, "L"),
    (Descriptor::Ss, "SS"),
    (Descriptor::Ns, "NS"),
    (Descriptor::Bs, "BS"),
];

/// How many values of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    kinds: [u64; DESCRIPTORS.len()],
    /// N whose text is a decimal number.
    pub(super) numbers: u64,
    /// S whose text is one.
    pub(super) number_texts: u64,
    /// N of the value 0 or 1.
    pub(super) number_booleans: u64,
    /// S that is `true` or `false`.
    pub(super) boolean_texts: u64,
}

impl Counts {
    /// Values of this type.
    pub(super) fn of(&self, descriptor: Descriptor) -> u64 {
        self.kinds[descriptor as usize]
    }

    /// All values but NULL.
    pub(super) fn values(&self) -> u64 {
        self.kinds.iter().sum::<u64>() - self.of(Descriptor::Null)
    }

    /// Lists and sets.
    pub(super) fn arrays(&self) -> u64 {
        [Descriptor::L, Descriptor::Ss, Descriptor::Ns, Descriptor::Bs]
            .into_iter()
            .map(|descriptor| self.of(descriptor))
            .sum()
    }

    fn add(&mut self, other: &Counts) {
        for (count, more) in self.kinds.iter_mut().zip(other.kinds) {
            *count += more;
        }
        self.numbers += other.numbers;
        self.number_texts += other.number_texts;
        self.number_booleans += other.number_booleans;
        self.boolean_texts += other.boolean_texts;
    }
}

/// The units of epochs, with the digits that such a number has from 2001 to 2286.
pub(super) const EPOCHS: [(&str, usize); 4] = [("s", 10), ("ms", 13), ("us", 16), ("ns", 19)];

/// What was seen at one path.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    origins: [Counts; 2],
    /// The most digits of N.
    pub(super) digits: DigitCount,
    /// The most digits of S that is a number.
    pub(super) text_digits: DigitCount,
    /// N that could be epochs, by unit.
    epochs: [u64; EPOCHS.len()],
    /// S that is a timestamp, or a date; of no meaning once another text was seen.
    timestamps: u64,
    dates: u64,
    has_other_text: bool,
    /// M without members.
    pub(super) empty_maps: u64,
}

impl Seen {
    /// Counts of one origin.
    pub(super) fn counts(&self, origin: Origin) -> &Counts {
        &self.origins[origin as usize]
    }

    /// Counts of both.
    pub(super) fn all(&self) -> Counts {
        let [mut all, deleted] = self.origins;
        all.add(&deleted);
        all
    }

    /// Adds a value of any type.
    #[inline]
    pub(super) fn add_kind(&mut self, origin: Origin, descriptor: Descriptor) {
        self.origins[origin as usize].kinds[descriptor as usize] += 1;
    }

    /// Adds what the text of an N says.
    #[inline]
    pub(super) fn add_number(&mut self, origin: Origin, text: &[u8]) {
        let Some(digits) = DigitCount::parse(text) else { return };
        let counts = &mut self.origins[origin as usize];
        counts.numbers += 1;
        widen(&mut self.digits, digits);
        if digits.fraction > 0 {
            return;
        }
        if digits.whole <= 1 {
            counts.number_booleans += u64::from(is_boolean(text));
        } else if matches!(text, [b'1'..=b'3', ..])
            && let Some(unit) = EPOCHS.iter().position(|(_, digits)| *digits == text.len())
        {
            self.epochs[unit] += u64::from(digits.whole as usize == text.len());
        }
    }

    /// Adds what the text of an S says.
    #[inline]
    pub(super) fn add_text(&mut self, origin: Origin, text: &[u8]) {
        match text.first() {
            Some(b'0'..=b'9' | b'+' | b'-') => self.add_digits(origin, text),
            Some(b't' | b'T' | b'f' | b'F') => {
                self.has_other_text = true;
                let is_boolean =
                    text.eq_ignore_ascii_case(b"true") || text.eq_ignore_ascii_case(b"false");
                self.origins[origin as usize].boolean_texts += u64::from(is_boolean);
            }
            _ => self.has_other_text = true,
        }
    }

    /// Adds a text that may be a number or a time.
    fn add_digits(&mut self, origin: Origin, text: &[u8]) {
        if !self.has_other_text {
            let is_timestamp = time::parse_timestamp(text).is_ok();
            let is_date = text.len() == 10 && time::parse_date(text).is_ok();
            self.timestamps += u64::from(is_timestamp);
            self.dates += u64::from(is_date);
            if is_timestamp || is_date {
                // Neither is a number: both have a - inside.
                return;
            }
            self.has_other_text = true;
        }
        // Each number ends with one.
        if text.last().is_some_and(u8::is_ascii_digit)
            && let Some(digits) = DigitCount::parse(text)
        {
            self.origins[origin as usize].number_texts += 1;
            widen(&mut self.text_digits, digits);
        }
    }

    /// Adds what was seen at another path.
    pub(super) fn add(&mut self, other: &Seen) {
        for (counts, more) in self.origins.iter_mut().zip(&other.origins) {
            counts.add(more);
        }
        widen(&mut self.digits, other.digits);
        widen(&mut self.text_digits, other.text_digits);
        for (count, more) in self.epochs.iter_mut().zip(other.epochs) {
            *count += more;
        }
        self.timestamps += other.timestamps;
        self.dates += other.dates;
        self.has_other_text |= other.has_other_text;
        self.empty_maps += other.empty_maps;
    }

    /// The unit in which all numbers look like times.
    pub(super) fn epoch_unit(&self) -> Option<&'static str> {
        let numbers = self.all().of(Descriptor::N);
        let unit = self.epochs.iter().position(|count| *count == numbers && numbers > 0)?;
        Some(EPOCHS[unit].0)
    }

    /// Whether all values are S that a column of dates takes.
    pub(super) fn are_dates(&self) -> bool {
        self.are_texts() && self.dates == self.all().values()
    }

    /// Whether all values are S that a column of timestamps takes.
    pub(super) fn are_timestamps(&self) -> bool {
        self.are_texts() && self.timestamps == self.all().values()
    }

    fn are_texts(&self) -> bool {
        let all = self.all();
        !self.has_other_text && all.of(Descriptor::S) == all.values()
    }
}

/// Makes room for the digits of both.
pub(super) fn widen(most: &mut DigitCount, digits: DigitCount) {
    most.whole = most.whole.max(digits.whole);
    most.fraction = most.fraction.max(digits.fraction);
}

/// Whether a boolean column takes an N.
fn is_boolean(text: &[u8]) -> bool {
    matches!(text, b"0" | b"1")
        || Decimal::parse(text)
            .and_then(|number| number.to_scaled_integer(0))
            .is_some_and(|value| matches!(value, 0 | 1))
}

#[cfg(test)]
mod tests {
    use super::DESCRIPTORS;

    #[test]
    fn descriptors_are_in_the_order_of_the_counts() {
        for (at, (descriptor, name)) in DESCRIPTORS.into_iter().enumerate() {
            assert_eq!(descriptor as usize, at, "{name}");
        }
    }
}
