//! Every type's schema, made from the types once and kept as a file for programs.

use serde_json::{Map, Value};

/// Draft-7 schemas by type name, with the marks of what is experimental; references are `#/definitions/Name`.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
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
        serde_json::from_str(include_str!("../../../schema/definitions.json"))
            .expect("schema/definitions.json holds definitions")
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

    /// As the file holds them: a line per type, in the order of their names.
    pub fn to_text(&self) -> String {
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
            section(&self.written)
        )
    }

    /// All that a writer produces.
    pub(super) fn written(&self) -> Map<String, Value> {
        let mut all = self.read.clone();
        all.extend(self.written.clone());
        all
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
