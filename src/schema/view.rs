//! Which rows are wanted: a lake table is a view of the DynamoDB table.

use super::error::SchemaError;
use super::json::Json;

/// `where`: what an item must have to be in the view. All conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// At least one.
    pub conditions: Vec<Condition>,
}

/// A condition on an attribute at the item's root: one of the texts must match it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The attribute's raw name.
    pub attribute: String,
    /// At least one.
    pub texts: Vec<Pattern>,
}

/// What a text of an attribute must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This text of an S, or a text of the same decimal number as the N.
    Equals(String),
    /// Written with a `*` at its end: an S that begins so.
    Begins(String),
}

impl Filter {
    /// Reads `{"type": ["order", "invoice"], "PK": ["ORDER#*"]}`.
    pub(super) fn read(json: Json) -> Result<Filter, SchemaError> {
        let fix = "write attribute names with lists of texts, such as {\"type\": [\"order\"]}";
        let Json::Object(members) = json else {
            return Err(SchemaError::new(format!("\"where\" is {}", json.kind())).fix(fix));
        };
        if members.is_empty() {
            return Err(SchemaError::new("\"where\" is empty").fix(format!("{fix}, or remove it")));
        }
        let mut conditions: Vec<Condition> = Vec::with_capacity(members.len());
        for (attribute, value) in members {
            if attribute.is_empty() {
                return Err(SchemaError::new("\"where\" has an empty attribute name").fix(fix));
            }
            if conditions.iter().any(|earlier| earlier.attribute == attribute) {
                let error =
                    SchemaError::new(format!("\"where\": \"{attribute}\" is declared twice"));
                return Err(error.fix("remove one, or put the texts into one list"));
            }
            let texts = match value {
                Json::Array(texts) if !texts.is_empty() => texts
                    .into_iter()
                    .map(|text| match text {
                        Json::String(text) => Ok(Pattern::parse(&text)),
                        other => Err(format!("holds {}", other.kind())),
                    })
                    .collect(),
                Json::Array(_) => Err("is an empty list".to_owned()),
                other => Err(format!("is {}", other.kind())),
            };
            let texts = texts.map_err(|wrong| {
                let error = SchemaError::new(format!("\"where\": \"{attribute}\" {wrong}"));
                error
                    .fix(format!("write a list of texts, such as {{\"{attribute}\": [\"order\"]}}"))
            })?;
            conditions.push(Condition { attribute, texts });
        }
        Ok(Filter { conditions })
    }
}

impl Pattern {
    fn parse(text: &str) -> Pattern {
        match text.strip_suffix('*') {
            Some(beginning) => Pattern::Begins(beginning.to_owned()),
            None => Pattern::Equals(text.to_owned()),
        }
    }
}

/// `events`: which rows are wanted, by what they say that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "it is a set of four")]
pub struct Events {
    /// Rows of new items; of a full export too.
    pub insert: bool,
    /// Rows of changed items.
    pub modify: bool,
    /// Rows of deletions, but not by Time to Live.
    pub remove: bool,
    /// Rows of deletions by Time to Live.
    pub ttl: bool,
}

impl Default for Events {
    fn default() -> Self {
        Events { insert: true, modify: true, remove: true, ttl: true }
    }
}

impl Events {
    /// Reads `["INSERT", "TTL"]`.
    pub(super) fn read(names: &[String]) -> Result<Events, SchemaError> {
        const FIX: &str = "list some of INSERT, MODIFY, REMOVE and TTL, or remove it";
        let mut events = Events { insert: false, modify: false, remove: false, ttl: false };
        for name in names {
            let event = match name.as_str() {
                "INSERT" => &mut events.insert,
                "MODIFY" => &mut events.modify,
                "REMOVE" => &mut events.remove,
                "TTL" => &mut events.ttl,
                _ => {
                    let reason = format!("\"events\" has the unknown event \"{name}\"");
                    return Err(SchemaError::new(reason).fix(FIX));
                }
            };
            *event = true;
        }
        if names.is_empty() {
            return Err(SchemaError::new("\"events\" is empty").fix(FIX));
        }
        Ok(events)
    }

    /// Whether deletions of both kinds are wanted, without which a current state keeps what is
    /// deleted.
    pub fn has_deletions(self) -> bool {
        self.remove && self.ttl
    }
}

/// `on_remove`: what a REMOVE's row holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRemove {
    /// The key columns: a tombstone.
    #[default]
    Keys,
    /// The item as it was, from its old image.
    Item,
}
