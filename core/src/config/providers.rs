//! Model providers as clients list and change them (docs/contract/services.md#model-providers).

use serde_json::{Map, Value as Json, json};
use toml::Table;
use url::Url;

use super::masking::{MASK, has_password};
use super::view::RESERVED_PROVIDERS;
use super::write::key_path::quoted;
use super::{Config, ConfigEdit, ConfigWriteError};

/// Name of OpenAI's own provider.
const OPENAI_NAME: &str = "OpenAI";

/// Names that only providers of the contract release itself have, in lower case.
const RESERVED_NAMES: [&str; 6] = [
    "openai",
    "ollama",
    "lm studio",
    "lmstudio",
    "amazon bedrock",
    "google cloud vertex ai",
];

/// A provider, for people who choose one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderSummary {
    /// Its key.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether its table is the user's to change.
    pub can_edit: bool,
    /// Root of its API; `None` where that follows from the account.
    pub base_url: Option<String>,
    /// How its requests are authorised; `None` for OpenAI's own.
    pub auth: Option<ProviderAuthKind>,
}

/// How requests to a provider are authorised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderAuthKind {
    /// They are not.
    None,
    /// By the key in this environment variable.
    EnvironmentVariable(String),
    /// By a token, headers or a program, perhaps besides this variable.
    External(Option<String>),
}

/// What to change of a provider, or what a new one is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderPatch {
    /// The provider; `None` is a new one.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Root of its API.
    pub base_url: Option<String>,
    /// Environment variable with its key; `Some(None)`: it has none.
    pub env_key: Option<Option<String>>,
}

impl Config {
    /// All providers, by id.
    pub fn provider_summaries(&self) -> Vec<ProviderSummary> {
        let openai = ProviderSummary {
            id: "openai".to_owned(),
            name: OPENAI_NAME.to_owned(),
            can_edit: false,
            base_url: self.openai_base_url.clone().map(without_password),
            auth: None,
        };
        let own = self
            .model_providers
            .iter()
            .map(|(id, table)| self.summary(id, table));
        let mut all: Vec<_> = own.chain([openai]).collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// Whether clients may choose the provider of new threads.
    pub fn can_change_provider(&self) -> bool {
        !self.requirements.chooses_provider()
    }

    fn summary(&self, id: &str, table: &Table) -> ProviderSummary {
        let text = |key: &str| table.get(key).and_then(|value| value.as_str()).map(str::to_owned);
        ProviderSummary {
            id: id.to_owned(),
            name: text("name").unwrap_or_default(),
            can_edit: !self.requirements.defines_provider(id),
            base_url: text("base_url").map(without_password),
            auth: Some(auth_of(table)),
        }
    }

    /// The edits that change a provider, or add one, and its id.
    pub fn provider_edits(
        &self,
        patch: ProviderPatch,
    ) -> Result<(String, Vec<ConfigEdit>), ConfigWriteError> {
        let refused = |message: &str| Err(ConfigWriteError::Validation(message.to_owned()));
        let mut members = Map::new();
        if let Some(name) = &patch.name {
            let name = name.trim();
            if name.is_empty() {
                return refused("Enter a provider name.");
            }
            if RESERVED_NAMES.contains(&name.to_lowercase().as_str()) {
                return refused(
                    "This name is reserved for a built-in provider. Enter a different custom provider name.",
                );
            }
            members.insert("name".to_owned(), name.into());
        }
        if let Some(url) = &patch.base_url {
            if !is_plain_url(url) {
                return refused("Enter an HTTP(S) base URL without credentials, a query, or a fragment.");
            }
            members.insert("base_url".to_owned(), url.as_str().into());
        }
        if let Some(Some(variable)) = &patch.env_key
            && !is_variable(variable)
        {
            return refused("Invalid API key environment variable name.");
        }
        let id = match patch.id {
            Some(id) => {
                if RESERVED_PROVIDERS.contains(&id.as_str()) {
                    return refused("A custom provider or gateway cannot use a built-in provider ID.");
                }
                if self.requirements.defines_provider(&id) {
                    return refused("This provider is set by the administrator and cannot be changed.");
                }
                let Some(table) = self.model_providers.get(&id) else {
                    return Err(ConfigWriteError::PathNotFound("Unknown provider ID.".to_owned()));
                };
                if patch.env_key.is_some() && matches!(auth_of(table), ProviderAuthKind::External(_)) {
                    return refused("Authentication is configured externally. Omit envKey to preserve it.");
                }
                id
            }
            None => {
                let Some(name) = &patch.name else {
                    return refused("Enter a provider name.");
                };
                if patch.base_url.is_none() {
                    return refused("A base URL is required to create a custom provider.");
                }
                members.insert("wire_api".to_owned(), json!("responses"));
                self.new_id(name)
            }
        };
        let key_path = format!("model_providers.{}", quoted(&id));
        let mut edits = Vec::new();
        if let Some(variable) = patch.env_key {
            match variable {
                Some(variable) => drop(members.insert("env_key".to_owned(), variable.into())),
                None => edits.push(ConfigEdit {
                    key_path: format!("{key_path}.env_key"),
                    value: Json::Null,
                    upsert: true,
                }),
            }
        }
        if !members.is_empty() {
            edits.push(ConfigEdit {
                key_path,
                value: Json::Object(members),
                upsert: true,
            });
        }
        Ok((id, edits))
    }

    /// An id that nobody has, made from a name.
    fn new_id(&self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        let words = lower
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty());
        let mut id = words.collect::<Vec<_>>().join("-");
        if id.is_empty() {
            "provider".clone_into(&mut id);
        }
        let is_taken = |id: &str| self.model_providers.contains_key(id) || RESERVED_PROVIDERS.contains(&id);
        let numbered = (2..).map(|number: u32| format!("{id}-{number}"));
        std::iter::once(id.clone())
            .chain(numbered)
            .find(|id| !is_taken(id))
            .unwrap_or(id)
    }
}

fn auth_of(table: &Table) -> ProviderAuthKind {
    let variable = table
        .get("env_key")
        .and_then(|key| key.as_str())
        .map(str::to_owned);
    let is_external = [
        "experimental_bearer_token",
        "auth",
        "http_headers",
        "env_http_headers",
        "query_params",
    ]
    .into_iter()
    .any(|key| table.contains_key(key))
        || table.get("requires_openai_auth").and_then(toml::Value::as_bool) == Some(true);
    match variable {
        variable if is_external => ProviderAuthKind::External(variable),
        Some(variable) => ProviderAuthKind::EnvironmentVariable(variable),
        None => ProviderAuthKind::None,
    }
}

fn without_password(url: String) -> String {
    if has_password(&url) { MASK.to_owned() } else { url }
}

fn is_plain_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

fn is_variable(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_part)
}
