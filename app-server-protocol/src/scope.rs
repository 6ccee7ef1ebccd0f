//! The order in which requests may run.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

/// Which requests wait for each other. Requests with the same key run one after the other, in the order in which they
/// were read; all others may overlap (docs/contract/connection.md#order).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Waits for nobody.
    None,
    /// Those of the same `threadId`.
    Thread,
    /// Those of the same `threadId`; where that is empty, those of the same `path`.
    ThreadOrPath,
    /// Those of the same name.
    Global(&'static str),
    /// Those of the same name, but readers may overlap each other.
    GlobalRead(&'static str),
    /// Those of the same connection with the same value of this parameter.
    Handle(&'static str),
}

/// What a request waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ScopeKey<'a> {
    /// A thread, by id.
    Thread(Cow<'a, str>),
    /// A thread, by the path of its file.
    Path(Cow<'a, str>),
    /// A service that only one may change at a time.
    Global(&'static str),
    /// The same service, for reading.
    GlobalRead(&'static str),
    /// Something that the connection has named; names of other connections are other things.
    Handle(Cow<'a, str>),
}

impl Scope {
    /// Reads the key from parameters without looking at the rest of them. `None` when there is nothing to wait for,
    /// also when the parameters are not what the method expects (it will refuse them soon enough).
    pub fn key<'a>(&self, params: Option<&'a RawValue>) -> Option<ScopeKey<'a>> {
        let text = |field| params.and_then(|params| text_member(params, field));
        match *self {
            Self::None => None,
            Self::Thread => text("threadId").map(ScopeKey::Thread),
            Self::ThreadOrPath => match text("threadId") {
                Some(id) if !id.is_empty() => Some(ScopeKey::Thread(id)),
                _ => text("path").map(ScopeKey::Path),
            },
            Self::Global(name) => Some(ScopeKey::Global(name)),
            Self::GlobalRead(name) => Some(ScopeKey::GlobalRead(name)),
            Self::Handle(field) => text(field).map(ScopeKey::Handle),
        }
    }
}

/// The value of one member of an object, if it is a string.
fn text_member<'a>(object: &'a RawValue, name: &'static str) -> Option<Cow<'a, str>> {
    struct Members(&'static str);
    impl<'de> de::Visitor<'de> for Members {
        type Value = Option<Cow<'de, str>>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(matches) = map.next_key_seed(Is(self.0))? {
                if matches {
                    found = map.next_value::<MaybeText<'de>>()?.0;
                } else {
                    map.next_value::<de::IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    /// Whether a key is the one that we look for.
    struct Is(&'static str);
    impl<'de> de::DeserializeSeed<'de> for Is {
        type Value = bool;
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
            deserializer.deserialize_identifier(self)
        }
    }
    impl de::Visitor<'_> for Is {
        type Value = bool;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a member name")
        }
        fn visit_str<E>(self, name: &str) -> Result<bool, E> {
            Ok(name == self.0)
        }
    }

    serde_json::Deserializer::from_str(object.get())
        .deserialize_map(Members(name))
        .ok()
        .flatten()
}

/// A string, borrowed where it has no escapes; anything else is read and forgotten.
struct MaybeText<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for MaybeText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        if let Some(plain) = raw
            .get()
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .filter(|text| !text.contains('\\'))
        {
            return Ok(Self(Some(Cow::Borrowed(plain))));
        }
        Ok(Self(serde_json::from_str(raw.get()).ok().map(Cow::Owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn the_key_is_read_from_the_parameters() {
        let params = raw(r#"{"input":[{"threadId":"no"}],"threadId":"t1","path":"/p"}"#);
        let key = |scope: Scope| scope.key(Some(&params));
        assert_eq!(key(Scope::Thread), Some(ScopeKey::Thread("t1".into())));
        assert_eq!(key(Scope::ThreadOrPath), Some(ScopeKey::Thread("t1".into())));
        assert_eq!(key(Scope::Global("config")), Some(ScopeKey::Global("config")));
        assert_eq!(key(Scope::Handle("watchId")), None);
        assert_eq!(key(Scope::None), None);
        let params = raw(r#"{"threadId":"","path":"/p\u0071"}"#);
        assert_eq!(
            Scope::ThreadOrPath.key(Some(&params)),
            Some(ScopeKey::Path("/pq".into()))
        );
        for bad in [r#"{"threadId":5}"#, r#"{"threadId":null}"#, "[]", "3"] {
            assert_eq!(Scope::Thread.key(Some(&raw(bad))), None, "{bad}");
        }
        assert_eq!(Scope::Thread.key(None), None);
    }
}
