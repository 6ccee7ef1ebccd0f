//! Model providers: where requests go and how they are authorised (docs/contract/model-http.md#providers).

use std::time::Duration;

use serde::Deserialize;

use super::without_values;
use crate::CONTRACT_VERSION;
use crate::secret::Secret;

/// Ids that `[model_providers.X]` may not redefine.
const RESERVED: [&str; 4] = ["openai", "ollama", "lmstudio", "amazon-bedrock"];
/// Upper bound of both retry counts.
const MAX_RETRIES: u32 = 100;

/// Root of the API of `openai` for API keys; accounts have one of their own.
pub const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";

/// A provider as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// Its id in the config.
    pub id: String,
    /// Its name, to show.
    pub name: String,
    /// Root of the API; `None` only for `openai`, where it follows from the account.
    pub base_url: Option<String>,
    /// Environment variable with the API key.
    pub env_key: Option<String>,
    /// How to get that key; told when it is missing.
    pub env_key_instructions: Option<String>,
    /// A fixed bearer token.
    pub bearer_token: Option<Secret>,
    /// A program that prints a bearer token.
    pub auth_command: Option<AuthCommand>,
    /// Added to every URL. Values may be secret.
    pub query_params: Vec<(String, Secret)>,
    /// Added to every request. Values may be secret.
    pub http_headers: Vec<(String, Secret)>,
    /// Header name and the environment variable that holds its value; left out while that is unset or empty.
    pub env_http_headers: Vec<(String, String)>,
    /// Retries of one request: connect errors and 5xx. At most 100.
    pub request_max_retries: u32,
    /// Retries of one sampling request after its stream broke. At most 100.
    pub stream_max_retries: u32,
    /// How long a stream may be silent.
    pub stream_idle_timeout: Duration,
    /// Limit for a WebSocket handshake.
    pub websocket_connect_timeout: Duration,
    /// Requests carry the credentials of the signed-in account.
    pub requires_openai_auth: bool,
    /// The server speaks the Responses API over WebSocket.
    pub supports_websockets: bool,
}

/// A program that prints a bearer token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AuthCommand {
    /// The program.
    pub command: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Limit for one run, in milliseconds.
    #[serde(default = "default_auth_timeout")]
    pub timeout_ms: u64,
    /// How long a token is used, in milliseconds; 0 is for ever.
    #[serde(default = "default_auth_refresh")]
    pub refresh_interval_ms: u64,
    /// Folder to run in; the server's own otherwise.
    #[serde(default)]
    pub cwd: Option<std::path::PathBuf>,
}

fn default_auth_timeout() -> u64 {
    5_000
}

fn default_auth_refresh() -> u64 {
    300_000
}

/// `[model_providers.X]`, as far as the HTTP and WebSocket transports use it.
#[derive(Deserialize)]
pub(super) struct ProviderToml {
    name: Option<String>,
    base_url: Option<String>,
    env_key: Option<String>,
    env_key_instructions: Option<String>,
    experimental_bearer_token: Option<String>,
    auth: Option<AuthCommand>,
    aws: Option<toml::Table>,
    wire_api: Option<String>,
    #[serde(default)]
    query_params: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    http_headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    env_http_headers: std::collections::BTreeMap<String, String>,
    request_max_retries: Option<u32>,
    stream_max_retries: Option<u32>,
    stream_idle_timeout_ms: Option<u64>,
    websocket_connect_timeout_ms: Option<u64>,
    #[serde(default)]
    requires_openai_auth: bool,
    #[serde(default)]
    supports_websockets: bool,
}

impl Provider {
    /// A provider with default settings, no address and no credentials.
    fn bare(id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            base_url: None,
            env_key: None,
            env_key_instructions: None,
            bearer_token: None,
            auth_command: None,
            query_params: Vec::new(),
            http_headers: Vec::new(),
            env_http_headers: Vec::new(),
            request_max_retries: 4,
            stream_max_retries: 5,
            stream_idle_timeout: Duration::from_secs(300),
            websocket_connect_timeout: Duration::from_secs(15),
            requires_openai_auth: false,
            supports_websockets: false,
        }
    }

    /// The built-in provider `openai`. `base_url` is the config key `openai_base_url`.
    pub fn openai(base_url: Option<String>) -> Self {
        let pair = |name: &str, var: &str| (name.to_owned(), var.to_owned());
        Self {
            base_url,
            http_headers: vec![("version".to_owned(), Secret::new(CONTRACT_VERSION))],
            env_http_headers: vec![
                pair("OpenAI-Organization", "OPENAI_ORGANIZATION"),
                pair("OpenAI-Project", "OPENAI_PROJECT"),
            ],
            requires_openai_auth: true,
            supports_websockets: true,
            ..Self::bare("openai", "OpenAI")
        }
    }

    /// A built-in provider by id. `openai_base_url` is the config key of that name. `env` looks up environment
    /// variables.
    pub fn built_in(
        id: &str,
        openai_base_url: Option<String>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let local = |port: &str| {
            let port = env("CODEX_OSS_PORT").unwrap_or_else(|| port.to_owned());
            let base = env("CODEX_OSS_BASE_URL").unwrap_or_else(|| format!("http://localhost:{port}/v1"));
            Some(Self {
                base_url: Some(base),
                ..Self::bare(id, "gpt-oss")
            })
        };
        match id {
            "openai" => Some(Self::openai(openai_base_url)),
            "ollama" => local("11434"),
            "lmstudio" => local("1234"),
            _ => None,
        }
    }

    /// Reads `[model_providers.<id>]`. Unknown keys are left alone. The error says what to change.
    pub fn from_config(id: &str, table: &toml::Table) -> Result<Self, String> {
        if RESERVED.contains(&id) {
            return Err(format!(
                "model_providers contains reserved built-in provider IDs: `{id}`. Choose another ID."
            ));
        }
        let t: ProviderToml = table
            .clone()
            .try_into()
            .map_err(|e: toml::de::Error| format!("model_providers.{id}: {}", without_values(e.message())))?;
        check_headers(id, &t)?;
        match t.wire_api.as_deref() {
            None | Some("responses") => {}
            Some("chat") => {
                return Err(format!(
                    "model_providers.{id}: `wire_api = \"chat\"` is no longer supported. Set `wire_api = \
                     \"responses\"` and use a server that offers the Responses API."
                ));
            }
            Some(other) => {
                return Err(format!(
                    "model_providers.{id}: unknown wire_api `{other}`; only `responses` is supported"
                ));
            }
        }
        let Some(name) = t.name.filter(|n| !n.trim().is_empty()) else {
            return Err(format!("model_providers.{id}: `name` must not be empty"));
        };
        if t.auth.is_some()
            && (t.env_key.is_some() || t.experimental_bearer_token.is_some() || t.requires_openai_auth)
        {
            return Err(format!(
                "model_providers.{id}: `auth` cannot be combined with `env_key`, `experimental_bearer_token` or \
                 `requires_openai_auth`"
            ));
        }
        if t.aws.is_some() && t.supports_websockets {
            return Err(format!(
                "model_providers.{id}: `aws` cannot be combined with `supports_websockets`"
            ));
        }
        let d = Self::bare(id, &name);
        Ok(Self {
            base_url: t.base_url,
            env_key: t.env_key,
            env_key_instructions: t.env_key_instructions,
            bearer_token: t.experimental_bearer_token.map(Secret::new),
            auth_command: t.auth,
            query_params: secrets(t.query_params).collect(),
            http_headers: secrets(t.http_headers).collect(),
            env_http_headers: t.env_http_headers.into_iter().collect(),
            request_max_retries: t
                .request_max_retries
                .unwrap_or(d.request_max_retries)
                .min(MAX_RETRIES),
            stream_max_retries: t
                .stream_max_retries
                .unwrap_or(d.stream_max_retries)
                .min(MAX_RETRIES),
            stream_idle_timeout: t
                .stream_idle_timeout_ms
                .map_or(d.stream_idle_timeout, Duration::from_millis),
            websocket_connect_timeout: t
                .websocket_connect_timeout_ms
                .map_or(d.websocket_connect_timeout, Duration::from_millis),
            requires_openai_auth: t.requires_openai_auth,
            supports_websockets: t.supports_websockets,
            ..d
        })
    }

    /// The first value of a wrong type in the `[model_providers]` of a whole configuration file, with its place.
    pub(crate) fn type_error_in(config: &str) -> Option<toml::de::Error> {
        #[derive(Deserialize)]
        struct Providers {
            #[serde(default, rename = "model_providers")]
            _all: std::collections::BTreeMap<String, ProviderToml>,
        }
        toml::from_str::<Providers>(config).err()
    }

    /// Whether this is the built-in OpenAI provider.
    pub fn is_openai(&self) -> bool {
        self.id == "openai"
    }

    /// Whether requests go in the name of whoever is signed in: nothing of the provider's own comes before that.
    pub fn uses_account(&self) -> bool {
        let own = self.env_key.is_some() || self.bearer_token.is_some() || self.auth_command.is_some();
        self.requires_openai_auth && !own
    }

    /// The address of an API path such as `responses`, with the query parameters. `openai_base` is the root where none
    /// is configured, see [`OPENAI_BASE_URL`].
    pub fn url(&self, path: &str, openai_base: &str) -> String {
        let base = self
            .base_url
            .as_deref()
            .unwrap_or(openai_base)
            .trim_end_matches('/');
        let mut url = format!("{base}/{path}");
        if !self.query_params.is_empty() {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(
                    self.query_params
                        .iter()
                        .map(|(name, value)| (name, value.expose())),
                )
                .finish();
            url.push('?');
            url.push_str(&query);
        }
        url
    }
}

fn secrets(values: std::collections::BTreeMap<String, String>) -> impl Iterator<Item = (String, Secret)> {
    values.into_iter().map(|(name, value)| (name, Secret::new(value)))
}

/// Headers that can't be sent are refused, not altered. The error names the key and nothing of the value.
fn check_headers(id: &str, t: &ProviderToml) -> Result<(), String> {
    for (key, name) in [
        ("http_headers", t.http_headers.keys()),
        ("env_http_headers", t.env_http_headers.keys()),
    ]
    .into_iter()
    .flat_map(|(key, names)| names.map(move |name| (key, name)))
    {
        if http::HeaderName::try_from(name).is_err() {
            return Err(format!(
                "model_providers.{id}.{key}: {name:?} is not a valid HTTP header name"
            ));
        }
    }
    for (name, value) in &t.http_headers {
        Secret::new(value)
            .header_value("", &format!("`model_providers.{id}.http_headers.{name}`"))
            .map_err(|unfit| unfit.to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_cannot_be_sent_is_refused_by_its_key() {
        for (settings, key) in [
            (
                "http_headers = { X-Key = \"sk-1\\r\\nX-Evil: 1\" }",
                "http_headers.X-Key",
            ),
            ("http_headers = { X-Key = \"sk-1\\u0000\" }", "http_headers.X-Key"),
            ("http_headers = { \"X Key\" = \"sk-1\" }", "X Key"),
            ("env_http_headers = { \"X:Key\" = \"VAR\" }", "X:Key"),
        ] {
            let error = parse(&format!("name = 'X'\n{settings}")).unwrap_err();
            assert!(error.contains(key) && !error.contains("sk-1"), "{error}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_quoted() {
        for settings in [
            "http_headers = \"Bearer sk-hush\"",
            "http_headers = { a = [\"sk-hush\"] }",
            "query_params = \"sk-hush, expected nothing\"",
            "request_max_retries = \"sk-hush\"",
            "auth = \"sk-hush\"",
        ] {
            let error = parse(&format!("name = 'X'\n{settings}")).unwrap_err();
            assert!(error.contains("expected") && !error.contains("hush"), "{error}");
        }
    }

    fn parse(text: &str) -> Result<Provider, String> {
        Provider::from_config("x", &text.parse().unwrap())
    }

    #[test]
    fn defaults_follow_the_fact_sheet() {
        let p = parse("name = 'X'\nbase_url = 'http://h/v1/'\nnovelty = 1").unwrap();
        assert_eq!(p.request_max_retries, 4);
        assert_eq!(p.stream_max_retries, 5);
        assert_eq!(p.stream_idle_timeout, Duration::from_secs(300));
        assert_eq!(p.websocket_connect_timeout, Duration::from_secs(15));
        assert!(!p.supports_websockets);
        assert_eq!(p.url("responses", OPENAI_BASE_URL), "http://h/v1/responses");
    }

    #[test]
    fn retries_are_capped() {
        let p = parse("name = 'X'\nrequest_max_retries = 500\nstream_max_retries = 101").unwrap();
        assert_eq!((p.request_max_retries, p.stream_max_retries), (100, 100));
    }

    #[test]
    fn query_parameters_are_encoded() {
        let p = parse("name = 'X'\nbase_url = 'http://h'\nquery_params = { v = 'a b', w = '1' }").unwrap();
        assert_eq!(
            p.url("responses", OPENAI_BASE_URL),
            "http://h/responses?v=a+b&w=1"
        );
    }

    #[test]
    fn the_chat_api_is_refused() {
        assert!(
            parse("name = 'X'\nwire_api = 'chat'")
                .unwrap_err()
                .contains("responses")
        );
    }

    #[test]
    fn built_in_ids_are_refused() {
        let refused = Provider::from_config("openai", &"name = 'X'".parse().unwrap());
        assert!(refused.unwrap_err().contains("reserved built-in provider IDs"));
    }

    #[test]
    fn the_configured_address_goes_before_the_accounts() {
        let openai = Provider::openai(None);
        assert_eq!(
            openai.url("responses", "https://account"),
            "https://account/responses"
        );
        let own = Provider::openai(Some("http://h/v1/".into()));
        assert_eq!(own.url("models", OPENAI_BASE_URL), "http://h/v1/models");
    }

    #[test]
    fn secrets_stay_out_of_debug_output() {
        let p =
            parse("name = 'X'\nexperimental_bearer_token = 'hush'\nhttp_headers = { k = 'hush' }\nquery_params = { k = 'hush' }").unwrap();
        assert!(!format!("{p:?}").contains("hush"));
    }
}
