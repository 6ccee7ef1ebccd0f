//! Every type's schema, made from the types once and kept as a file for programs.

use serde_json::{Map, Value};

/// Draft-7 schemas by type name, with the marks of what is experimental; references are `#/definitions/Name`.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
pub struct Definitions {
    /// What a reader must accept.
    pub(super) read: Map<String, Value>,
    /// What a writer produces, where that is something else.
    written: Map<String, Value>,
}

impl Definitions {
    /// Those of `schema/definitions.json`, as this crate was compiled.
    #[expect(
        clippy::expect_used,
        reason = "the file is made by `to_text`; a test compares it with the types"
    )]
    pub fn embedded() -> Self {
        let mut definitions: Self = serde_json::from_str(include_str!("../../../schema/definitions.json"))
            .expect("schema/definitions.json holds definitions");
        for (name, patch) in &mut definitions.written {
            let mut written = definitions.read.get(name).cloned().unwrap_or_default();
            merge(&mut written, patch.take());
            written.sort_all_objects();
            *patch = written;
        }
        definitions
    }

    /// Those of the types themselves.
    #[cfg(feature = "generate")]
    pub fn of_types() -> Self {
        use schemars::generate::Contract;
        let read = generate(Contract::Deserialize);
        let mut written = generate(Contract::Serialize);
        written.retain(|name, definition| read.get(name) != Some(definition));
        Self { read, written }
    }

    /// As the file holds them: a line per type, in the order of their names. What a writer produces is a merge patch (RFC 7396)
    /// of what a reader accepts: both have much in common, and programs carry the file. Those patches can't remove a member by the
    /// value null, which no definition has.
    pub fn to_text(&self) -> String {
        let patches = self.written.iter().map(|(name, written)| {
            let patch = match self.read.get(name) {
                Some(read) => difference(read, written),
                None => written.clone(),
            };
            (name.clone(), patch)
        });
        let section = |definitions: &Map<String, Value>| {
            let mut lines: Vec<String> = definitions
                .iter()
                .map(|(name, definition)| {
                    let mut definition = definition.clone();
                    definition.sort_all_objects();
                    format!("{}:{definition}", Value::from(name.as_str()))
                })
                .collect();
            lines.sort_unstable();
            lines.join(",\n")
        };
        format!(
            "{{\"read\":{{\n{}\n}},\n\"written\":{{\n{}\n}}}}\n",
            section(&self.read),
            section(&patches.collect())
        )
    }

    /// All that a writer produces.
    pub(super) fn written(&self) -> Map<String, Value> {
        let mut all = self.read.clone();
        all.extend(self.written.clone());
        all
    }
}

/// The merge patch that makes the second of the first.
fn difference(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else {
        return to.clone();
    };
    let mut patch = Map::new();
    for name in from.keys().filter(|name| !to.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in to {
        match from.get(name) {
            Some(before) if before == value => {}
            Some(before) => drop(patch.insert(name.clone(), difference(before, value))),
            None => drop(patch.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(patch)
}

/// Applies a merge patch.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(target) = target {
        for (name, value) in patch {
            if value.is_null() {
                target.remove(&name);
            } else {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
    }
}

#[cfg(feature = "generate")]
fn generate(contract: schemars::generate::Contract) -> Map<String, Value> {
    let mut generator = schemars::generate::SchemaSettings::draft07()
        .with(|settings| settings.contract = contract)
        .into_generator();
    generator.subschema_for::<crate::wire::RequestId>();
    for info in &crate::methods::METHODS {
        for of in [info.params, info.response].into_iter().flatten() {
            (of.schema)(&mut generator);
        }
    }
    generator.take_definitions(true)
}
