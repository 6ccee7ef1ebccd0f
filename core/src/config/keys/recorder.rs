//! What a type reads of a configuration: it is fed with everything that it asks for, and each wish is noted.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::de::value::{Error, SeqDeserializer, StrDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::{Effect, KEYS, Key, Kind};

/// Words that are read for the sake of old files, or that stand for a table.
const SILENT_WORDS: [&str; 6] = [
    "chat_gpt",
    "granular",
    "guardian_subagent",
    "on-failure",
    "unless-trusted",
    "untrusted",
];

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Boolean,
    Integer,
    Text,
    Words(&'static [&'static str]),
    List,
    Map,
    Struct,
    /// Whatever is there.
    Any,
}

impl Shape {
    fn fits(self, key: &Key) -> bool {
        match (self, key.kind) {
            (Self::Words(read), Kind::Words(told)) => {
                let is_known = |word| told.contains(word) || SILENT_WORDS.contains(word);
                told.iter().all(|word| read.contains(word)) && read.iter().all(is_known)
            }
            (Self::Boolean, Kind::Boolean)
            | (Self::Integer, Kind::Integer)
            | (Self::Text, Kind::Text | Kind::Path)
            | (Self::List, Kind::List)
            | (Self::Map, Kind::Map | Kind::Features)
            | (Self::Map | Self::Struct, Kind::Table | Kind::CheckedTable)
            | (Self::Struct, Kind::BooleanOrTable)
            | (Self::Any, Kind::BooleanOrTable | Kind::TextOrTable | Kind::TextOrList) => true,
            // Files of these names take them apart.
            (Self::Any, Kind::Table | Kind::CheckedTable) => matches!(
                key.path,
                "agents.*" | "marketplaces.*" | "mcp_servers.*" | "permissions.*" | "plugins.*"
            ),
            _ => false,
        }
    }
}

/// A type of the configuration, being read.
pub(crate) type Root<'a> = (&'a str, fn(Recorder<'_>));

/// Compares the table of keys with what the types read: `roots` are types with the paths of their tables, `area` says
/// which keys are theirs.
pub(crate) fn assert_in_table(roots: &[Root<'_>], area: impl Fn(&str) -> bool) {
    let read = RefCell::default();
    for (path, root) in roots {
        root(Recorder {
            path: (*path).to_owned(),
            read: &read,
        });
    }
    let read: BTreeMap<String, Vec<Shape>> = read.into_inner();
    for (path, shapes) in &read {
        let Some(key) = KEYS.iter().find(|key| key.path == path) else {
            assert!(path.is_empty() || path.ends_with(".*"), "keys.rs lacks `{path}`");
            continue;
        };
        let fits = shapes.iter().all(|shape| shape.fits(key));
        assert!(
            fits,
            "keys.rs calls `{path}` {:?}, but {shapes:?} is read",
            key.kind
        );
    }
    for key in KEYS.iter().filter(|key| area(key.path)) {
        let claims = matches!(key.effect, Effect::Since(_));
        assert!(
            !claims || read.contains_key(key.path),
            "nobody reads `{}`",
            key.path
        );
    }
}

/// A root for [`assert_in_table`].
pub(crate) fn of<'de, T: Deserialize<'de>>(recorder: Recorder<'_>) {
    let path = recorder.path.clone();
    let done = T::deserialize(recorder);
    assert!(done.is_ok(), "{path}: {:?}", done.err());
}

/// Gives a type all that it asks for.
#[derive(Clone)]
pub(crate) struct Recorder<'a> {
    path: String,
    read: &'a RefCell<BTreeMap<String, Vec<Shape>>>,
}

impl<'a> Recorder<'a> {
    fn note(&self, shape: Shape) {
        let mut read = self.read.borrow_mut();
        read.entry(self.path.clone()).or_default().push(shape);
    }

    fn below(&self, names: &'static [&'static str]) -> Members<'a> {
        Members {
            above: self.clone(),
            names: names.iter(),
            name: "",
        }
    }
}

/// The members of a table, one by one.
struct Members<'a> {
    above: Recorder<'a>,
    names: std::slice::Iter<'static, &'static str>,
    name: &'static str,
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(name) = self.names.next() else {
            return Ok(None);
        };
        self.name = name;
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let path = match self.above.path.as_str() {
            "" => self.name.to_owned(),
            above => format!("{above}.{}", self.name),
        };
        seed.deserialize(Recorder {
            path,
            read: self.above.read,
        })
    }
}

macro_rules! integers {
    ($($name:ident)*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.note(Shape::Integer);
            visitor.visit_u64(1)
        })*
    };
}

impl<'de> Deserializer<'de> for Recorder<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note(Shape::Any);
        // Of several things that such a type takes, one that it takes.
        if self.path.starts_with("features.") || self.path.starts_with("tools.") {
            visitor.visit_bool(true)
        } else {
            visitor.visit_str("x")
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note(Shape::Boolean);
        visitor.visit_bool(true)
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note(Shape::Text);
        // The only text that is looked at while it is read is `wire_api`.
        visitor.visit_str("responses")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note(Shape::List);
        visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<bool>()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note(Shape::Map);
        visitor.visit_map(self.below(&["*"]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.note(Shape::Struct);
        visitor.visit_map(self.below(fields))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.note(Shape::Words(variants));
        let first = variants.first().ok_or_else(|| de::Error::custom("no variants"))?;
        visitor.visit_enum(StrDeserializer::new(first))
    }

    forward_to_deserialize_any! {
        f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}
