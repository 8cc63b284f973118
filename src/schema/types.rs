//! Hive types, as Glue spells them
//! (<https://docs.aws.amazon.com/athena/latest/ug/data-types.html>), cut down to those that Firehose can
//! convert from JSON.

use super::error::SchemaError;
use super::names::{check_spelling, normalised};
use std::collections::HashMap;
use std::fmt;

/// How deep arrays, maps and structs may nest.
const MAX_DEPTH: usize = 32;

/// A column's type, or that of something inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `string`
    String,
    /// `boolean`
    Boolean,
    /// `tinyint`, `smallint`, `int`, `bigint`: signed, of so many bits.
    Integer(u8),
    /// `float`, 32 bits
    Float,
    /// `double`, 64 bits
    Double,
    /// `decimal(precision,scale)`
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits after the point, at most `precision`.
        scale: u8,
    },
    /// `date`
    Date,
    /// `timestamp`
    Timestamp,
    /// `array<T>`
    Array(Box<Type>),
    /// `map<string,T>`
    Map(Box<Type>),
    /// `struct<name:T,…>`
    Struct(Vec<Field>),
}

/// A member of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name as declared.
    pub name: String,
    /// The member's type.
    pub ty: Type,
}

impl Type {
    /// Reads a Hive type; blanks and capitals are allowed.
    ///
    /// # Errors
    ///
    /// Why Firehose cannot convert it from JSON, and what to write instead.
    pub fn parse(text: &str) -> Result<Type, SchemaError> {
        let mut parser = Parser { text, at: 0 };
        let ty = parser.ty(0)?;
        if parser.next().is_some() {
            let rest = parser.rest();
            return error(format!("\"{text}\" goes on after the type, at \"{rest}\""));
        }
        Ok(ty)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::String => f.write_str("string"),
            Type::Boolean => f.write_str("boolean"),
            Type::Integer(8) => f.write_str("tinyint"),
            Type::Integer(16) => f.write_str("smallint"),
            Type::Integer(32) => f.write_str("int"),
            Type::Integer(_) => f.write_str("bigint"),
            Type::Float => f.write_str("float"),
            Type::Double => f.write_str("double"),
            Type::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Type::Date => f.write_str("date"),
            Type::Timestamp => f.write_str("timestamp"),
            Type::Array(element) => write!(f, "array<{element}>"),
            Type::Map(value) => write!(f, "map<string,{value}>"),
            Type::Struct(fields) => {
                f.write_str("struct")?;
                let mut separator = '<';
                for Field { name, ty } in fields {
                    write!(f, "{separator}{name}:{ty}")?;
                    separator = ',';
                }
                f.write_str(">")
            }
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text[self.at..].trim_start()
    }

    fn next(&mut self) -> Option<char> {
        self.at = self.text.len() - self.rest().len();
        self.rest().chars().next()
    }

    fn expect(&mut self, expected: char) -> Result<(), SchemaError> {
        if self.next() == Some(expected) {
            self.at += expected.len_utf8();
            return Ok(());
        }
        let found = match self.next() {
            Some(found) => format!("\"{found}\""),
            None => "the end".to_owned(),
        };
        error(format!("\"{}\" should have \"{expected}\" where it has {found}", self.text))
    }

    fn word(&mut self) -> &'a str {
        self.next();
        let rest = self.rest();
        let end = rest.find(|c: char| c.is_whitespace() || "<>(),:".contains(c));
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    fn ty(&mut self, depth: usize) -> Result<Type, SchemaError> {
        let word = self.word();
        let name = word.to_ascii_lowercase();
        if matches!(name.as_str(), "array" | "map" | "struct") && depth == MAX_DEPTH {
            let reason = format!("it nests deeper than {MAX_DEPTH}");
            return Err(SchemaError::new(reason).fix("make the inner part a string"));
        }
        Ok(match name.as_str() {
            "string" => Type::String,
            "boolean" => Type::Boolean,
            "tinyint" => Type::Integer(8),
            "smallint" => Type::Integer(16),
            "int" => Type::Integer(32),
            "bigint" => Type::Integer(64),
            "float" => Type::Float,
            "double" => Type::Double,
            "decimal" => self.decimal()?,
            "date" => Type::Date,
            "timestamp" => Type::Timestamp,
            "array" => {
                self.expect('<')?;
                let element = self.ty(depth + 1)?;
                self.expect('>')?;
                Type::Array(Box::new(element))
            }
            "map" => {
                self.expect('<')?;
                if self.ty(depth + 1)? != Type::String {
                    let error = SchemaError::new("a map's keys are attribute names");
                    return Err(error.fix("write map<string,…>"));
                }
                self.expect(',')?;
                let value = self.ty(depth + 1)?;
                self.expect('>')?;
                Type::Map(Box::new(value))
            }
            "struct" => self.fields(depth)?,
            "binary" => {
                let error = SchemaError::new("Firehose can't convert binary from JSON");
                return Err(error.fix("write string, which holds the bytes as base64"));
            }
            "integer" => return Err(SchemaError::new("Glue knows no integer").fix("write int")),
            "char" | "varchar" => {
                let error = SchemaError::new(format!("{name} cuts or pads values in Firehose"));
                return Err(error.fix("write string"));
            }
            "set" => {
                return Err(SchemaError::new("Firehose can't convert set").fix("write array"));
            }
            _ => {
                return error(format!(
                    "\"{word}\" is none of string, boolean, tinyint, smallint, int, bigint, float, \
                     double, decimal(p,s), date, timestamp, array<T>, map<string,T>, struct<name:T,…>"
                ));
            }
        })
    }

    fn decimal(&mut self) -> Result<Type, SchemaError> {
        let (mut precision, mut scale) = (10, 0);
        if self.next() == Some('(') {
            self.expect('(')?;
            precision = self.digits()?;
            self.expect(',')?;
            scale = self.digits()?;
            self.expect(')')?;
        }
        if !(1..=38).contains(&precision) || scale > precision {
            return error(format!(
                "decimal({precision},{scale}) should have a precision of 1 to 38 and a scale of at most that"
            ));
        }
        Ok(Type::Decimal { precision, scale })
    }

    fn digits(&mut self) -> Result<u8, SchemaError> {
        let word = self.word();
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_digit()) {
            return error(format!("\"{word}\" in \"{}\" should be a whole number", self.text));
        }
        // What doesn't fit is out of bounds for a precision as for a scale.
        Ok(word.parse().unwrap_or(u8::MAX))
    }

    fn fields(&mut self, depth: usize) -> Result<Type, SchemaError> {
        let mut fields: Vec<Field> = Vec::new();
        let mut normals = HashMap::new();
        self.expect('<')?;
        loop {
            let name = self.word().to_owned();
            // Hive lower-cases the names of struct members at every depth, and Firehose with
            // `case_insensitive = false` then finds no value for them: null, without an error.
            check_spelling(&name)
                .map_err(|error| error.at(&format!("struct member \"{name}\"")))?;
            self.expect(':')?;
            let ty = self.ty(depth + 1)?;
            if let Some(other) = normals.insert(normalised(&name), name.clone()) {
                let members = format!("struct members \"{other}\" and \"{name}\"");
                let reason = format!("{members} have the same normalised name");
                return Err(SchemaError::new(reason).fix("keep one"));
            }
            fields.push(Field { name, ty });
            if self.next() != Some(',') {
                break;
            }
            self.expect(',')?;
        }
        self.expect('>')?;
        Ok(Type::Struct(fields))
    }
}

fn error<T>(reason: String) -> Result<T, SchemaError> {
    Err(SchemaError::new(reason))
}

#[cfg(test)]
mod tests {
    use super::Type;

    #[test]
    fn types_are_read_with_blanks_and_capitals_and_written_as_glue_does() {
        for (text, written) in [
            ("String", "string"),
            (" DECIMAL ", "decimal(10,0)"),
            ("decimal( 38 , 9 )", "decimal(38,9)"),
            ("decimal(38,38)", "decimal(38,38)"),
            ("Array < Struct < sku : STRING , qty:int > >", "array<struct<sku:string,qty:int>>"),
            ("map<string,map<string,bigint>>", "map<string,map<string,bigint>>"),
        ] {
            assert_eq!(Type::parse(text).unwrap().to_string(), written);
        }
    }

    #[test]
    fn other_types_are_rejected_with_the_reason() {
        for (text, reason) in [
            ("binary", "base64"),
            ("varchar(10)", "write string"),
            ("integer", "write int"),
            ("set<string>", "write array"),
            ("", "none of"),
            ("decimal(39,0)", "1 to 38"),
            ("decimal(0,0)", "1 to 38"),
            ("decimal(5,6)", "at most that"),
            ("decimal(300,1)", "1 to 38"),
            ("decimal(5)", "should have \",\""),
            ("decimal(-1,0)", "whole number"),
            ("map<int,string>", "map<string,…>"),
            ("array<string", "the end"),
            ("array<string>>", "goes on"),
            ("array", "should have \"<\""),
            ("struct<>", "write \"_\""),
            ("struct<orderId:int>", "write \"order_id\""),
            ("struct<a_b:int,a__b:int>", "same normalised name"),
            ("struct<a int>", "should have \":\""),
            ("string int", "goes on"),
        ] {
            let error = Type::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn nesting_ends_at_32() {
        let nested = |depth: usize| "array<".repeat(depth) + "int" + &">".repeat(depth);
        assert!(Type::parse(&nested(32)).is_ok());
        assert!(Type::parse(&nested(33)).unwrap_err().to_string().contains("deeper than 32"));
        assert!(Type::parse(&nested(100_000)).is_err());
    }
}
