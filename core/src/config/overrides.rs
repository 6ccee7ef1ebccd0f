//! `-c key=value`, `--enable`, `--disable` and the `config` map of thread/start
//! (docs/contract/configuration.md#command-line, docs/contract/configuration.md#layers).

use serde_json::Value as Json;
use toml::{Table, Value};

use super::ConfigError;

/// Most parts of a dotted key. Those that we know have five at most.
const MAX_PARTS: usize = 64;

/// An override from the command line or from thread/start: a dotted key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigOverride {
    /// Dotted key.
    pub key: String,
    /// Value.
    pub value: Value,
}

impl ConfigOverride {
    /// Whether it says something of a key, or of a part of its value.
    pub(crate) fn is_of(&self, key: &str) -> bool {
        let rest = self.key.strip_prefix(key);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// Why an override on the command line cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// There is no `=`.
    #[error("error parsing -c overrides: Invalid override (missing '='): {0}")]
    MissingEquals(String),
    /// Nothing is before the `=`.
    #[error("error parsing -c overrides: Empty key in override: {0}")]
    EmptyKey(String),
    /// The key has too many parts.
    #[error("error parsing -c overrides: {0}")]
    TooDeep(String),
    /// `--enable` or `--disable` of something that doesn't exist.
    #[error("Unknown feature flag: {0}")]
    UnknownFeature(String),
}

impl ConfigOverride {
    /// Reads `key=value`. The key is dotted, without quoting; the value is TOML, or else a raw string, whose outer
    /// quotes are dropped.
    pub fn parse(text: &str) -> Result<Self, OverrideError> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| OverrideError::MissingEquals(text.to_owned()))?;
        let key = key.trim();
        if key.is_empty() {
            return Err(OverrideError::EmptyKey(text.to_owned()));
        }
        check_depth(key).map_err(OverrideError::TooDeep)?;
        let value = value.trim();
        Ok(Self {
            key: full_key(key),
            value: value
                .parse()
                .unwrap_or_else(|_| Value::String(value.trim_matches(['"', '\'']).to_owned())),
        })
    }

    /// What `--enable NAME` or `--disable NAME` stands for.
    pub fn feature(name: &str, enabled: bool) -> Result<Self, OverrideError> {
        let feature =
            crate::features::find(name).ok_or_else(|| OverrideError::UnknownFeature(name.to_owned()))?;
        Ok(Self {
            key: format!("features.{}", feature.key),
            value: Value::Boolean(enabled),
        })
    }

    /// The `config` map of a request: dotted keys of at most 64 parts, or nested objects. A null leaves its key alone.
    pub fn from_json(map: &serde_json::Map<String, Json>) -> Result<Vec<Self>, ConfigError> {
        for key in map.keys() {
            check_depth(key).map_err(ConfigError::Override)?;
        }
        let mut all: Vec<Self> = map
            .iter()
            .filter_map(|(key, value)| {
                Some(Self {
                    key: full_key(key.trim()),
                    value: value_from_json(value)?,
                })
            })
            .collect();
        // The value of a whole table wins over its parts, so it comes last.
        all.sort_by_key(|one| std::cmp::Reverse(one.key.matches('.').count()));
        Ok(all)
    }
}

/// Overrides as a layer: a table to be merged over others. Later ones win.
pub(crate) fn layer<'a>(overrides: impl IntoIterator<Item = &'a ConfigOverride>) -> Table {
    let mut root = Table::new();
    for one in overrides {
        set(&mut root, &one.key, one.value.clone());
    }
    root
}

/// Merges a layer over another: tables deeply, all else replaces.
pub(super) fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => merge(below, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn set(mut table: &mut Table, key: &str, value: Value) {
    let (above, last) = match key.rsplit_once('.') {
        Some((above, last)) => (Some(above), last),
        None => (None, key),
    };
    for part in above.into_iter().flat_map(|above| above.split('.')) {
        let below = table
            .entry(part.to_owned())
            .or_insert_with(|| Value::Table(Table::new()));
        if !below.is_table() {
            *below = Value::Table(Table::new());
        }
        let Value::Table(below) = below else { return };
        table = below;
    }
    table.insert(last.to_owned(), value);
}

/// Tables within tables are built, merged, read and dropped by recursion, also by others: refuse before there are any.
/// Values need no such check, as the readers of JSON and TOML have limits of their own.
fn check_depth(key: &str) -> Result<(), String> {
    let parts = key.split('.').count();
    if parts <= MAX_PARTS {
        return Ok(());
    }
    let start: String = key.chars().take(40).collect();
    Err(format!(
        "the key `{start}…` has {parts} parts; configuration keys have at most {MAX_PARTS}"
    ))
}

fn full_key(key: &str) -> String {
    match key {
        "use_legacy_landlock" => "features.use_legacy_landlock".to_owned(),
        key => key.to_owned(),
    }
}

/// A JSON value as TOML, without what is null; `None`: it has no such form.
pub(crate) fn value_from_json(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Float(number.as_f64()?),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().filter_map(value_from_json).collect()),
        Json::Object(map) => Value::Table(
            map.iter()
                .filter_map(|(key, value)| Some((key.clone(), value_from_json(value)?)))
                .collect(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> (String, Value) {
        let one = ConfigOverride::parse(text).expect("parses");
        (one.key, one.value)
    }

    #[test]
    fn values_are_toml_or_else_raw_text() {
        assert_eq!(parse("a.b=1"), ("a.b".into(), Value::Integer(1)));
        assert_eq!(parse(" a = true "), ("a".into(), Value::Boolean(true)));
        assert_eq!(parse("s=hello world"), ("s".into(), "hello world".into()));
        assert_eq!(parse("q='lit'"), ("q".into(), "lit".into()));
        assert_eq!(parse("u=a=b"), ("u".into(), "a=b".into()));
        assert_eq!(parse("e="), ("e".into(), "".into()));
        assert_eq!(parse("h=\"half"), ("h".into(), "half".into()));
        assert_eq!(parse("l=[1, \"x\"]").1, Value::Array(vec![1.into(), "x".into()]));
        assert_eq!(parse("t={x=1}").1["x"], Value::Integer(1));
        assert_eq!(parse("n=1\nm=2").1, "1\nm=2".into());
        assert_eq!(
            parse("use_legacy_landlock=true").0,
            "features.use_legacy_landlock"
        );
    }

    #[test]
    fn a_missing_equals_sign_or_key_is_named() {
        assert_eq!(
            ConfigOverride::parse("nokey").expect_err("refused").to_string(),
            "error parsing -c overrides: Invalid override (missing '='): nokey"
        );
        assert_eq!(
            ConfigOverride::parse("=x").expect_err("refused").to_string(),
            "error parsing -c overrides: Empty key in override: =x"
        );
    }

    #[test]
    fn unknown_features_are_refused() {
        assert_eq!(
            ConfigOverride::feature("nonesuch", true)
                .expect_err("refused")
                .to_string(),
            "Unknown feature flag: nonesuch"
        );
        let one = ConfigOverride::feature("shell_tool", false).expect("known");
        assert_eq!(
            (one.key.as_str(), one.value),
            ("features.shell_tool", Value::Boolean(false))
        );
    }

    #[test]
    fn a_request_may_use_dotted_keys_or_objects_and_the_whole_table_wins() {
        let json = json!({"a": {"b": 1, "gone": null}, "a.c": 2, "x.y": 1.5, "n": null});
        let all = ConfigOverride::from_json(json.as_object().expect("object")).expect("fits");
        let table = layer(&all);
        assert_eq!(
            table,
            toml::toml! { a = { b = 1 }
            x = { y = 1.5 } }
        );
    }

    #[test]
    fn keys_of_too_many_parts_are_refused_before_anything_is_built() {
        let key = vec!["a"; 20_000].join(".");
        let json = json!({ key.as_str(): 1 });
        let refused = ConfigOverride::from_json(json.as_object().expect("object")).expect_err("refused");
        assert!(refused.to_string().contains("20000 parts"), "{refused}");
        assert!(refused.to_string().len() < 200);
        assert!(ConfigOverride::parse(&format!("{key}=1")).is_err());
        let most = vec!["a"; MAX_PARTS].join(".");
        assert!(ConfigOverride::parse(&format!("{most}=1")).is_ok());
    }

    /// Text that nests as deep as it is long is no value; it must not end the process.
    #[test]
    fn deep_values_are_taken_for_text_or_refused() {
        for value in [
            "[".repeat(200_000),
            "{a=".repeat(200_000),
            format!("{{{}=1}}", vec!["a"; 200_000].join(".")),
        ] {
            if let Ok(one) = ConfigOverride::parse(&format!("x={value}")) {
                assert!(one.value.is_str(), "{}", one.value.type_str());
            }
        }
    }

    #[test]
    fn tables_merge_deeply_and_all_else_replaces() {
        let mut base = toml::toml! { a = { b = 1, c = [1] }
        d = 1 };
        merge(
            &mut base,
            toml::toml! { a = { c = [2], e = 3 }
            d = { f = 1 } },
        );
        assert_eq!(
            base,
            toml::toml! { a = { b = 1, c = [2], e = 3 }
            d = { f = 1 } }
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(Value::Integer),
            (-1e9..1e9f64).prop_map(Value::Float),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                    .prop_map(|map| Value::Table(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_text_gives_a_value_or_a_named_error(text in any::<String>()) {
            match ConfigOverride::parse(&text) {
                Ok(one) => prop_assert!(!one.key.is_empty()),
                Err(error) => prop_assert!(error.to_string().ends_with(&text)),
            }
        }

        #[test]
        fn toml_values_come_back_as_they_were(key in "[a-z_]{1,8}(\\.[a-z_]{1,8}){0,3}", value in any_value()) {
            let one = ConfigOverride::parse(&format!("{key} = {value}")).expect("parses");
            prop_assert_eq!(&one.value, &value);
            let layer = layer([&one]);
            let mut found = &Value::Table(layer);
            for part in key.split('.') {
                found = &found[part];
            }
            prop_assert_eq!(found, &value);
        }

        #[test]
        fn the_last_override_of_a_key_wins(first in any_value(), last in any_value()) {
            let of = |value: &Value| ConfigOverride { key: "a.b".into(), value: value.clone() };
            let table = layer([&of(&first), &of(&last)]);
            prop_assert_eq!(&table["a"]["b"], &last);
        }
    }
}
