//! config.toml as users write it (docs/contract/configuration.md#keys): the keys whose types are checked. `keys.rs` says
//! what each does, and which others there are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::compaction::{CompactionScope, Percent};
use super::realtime::RealtimeToml;
use super::shell_environment::ShellEnvironmentPolicy;
use crate::{ApprovalPolicy, ApprovalsReviewer, Personality, ReasoningSummary, SandboxMode};

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ConfigToml {
    pub(super) model: Option<String>,
    pub(super) review_model: Option<String>,
    pub(super) auto_review: AutoReviewToml,
    pub(super) model_provider: Option<String>,
    pub(super) model_providers: BTreeMap<String, ProviderToml>,
    pub(super) model_reasoning_effort: Option<String>,
    pub(super) plan_mode_reasoning_effort: Option<String>,
    pub(super) model_reasoning_summary: Option<ReasoningSummary>,
    pub(super) model_verbosity: Option<Verbosity>,
    pub(super) model_context_window: Option<i64>,
    pub(super) model_auto_compact_token_limit: Option<i64>,
    pub(super) model_auto_compact_token_limit_scope: CompactionScope,
    pub(super) model_post_turn_compact_threshold_percent: Option<Percent>,
    pub(super) service_tier: Option<String>,
    pub(super) personality: Option<Personality>,
    pub(super) instructions: Option<String>,
    pub(super) developer_instructions: Option<String>,
    pub(super) compact_prompt: Option<String>,
    pub(super) experimental_compact_prompt_file: Option<PathBuf>,
    pub(super) model_instructions_file: Option<PathBuf>,
    pub(super) project_doc_max_bytes: Option<usize>,
    pub(super) project_doc_fallback_filenames: Option<Vec<String>>,
    pub(super) project_root_markers: Option<Vec<String>>,

    pub(super) approval_policy: Option<ApprovalPolicy>,
    pub(super) approvals_reviewer: Option<ApprovalsReviewer>,
    pub(super) sandbox_mode: Option<SandboxMode>,
    pub(super) sandbox_workspace_write: WorkspaceWriteToml,
    pub(super) default_permissions: Option<String>,
    pub(super) permissions: Option<Table>,
    pub(super) projects: BTreeMap<String, ProjectToml>,
    pub(super) profile: Option<String>,

    pub(super) shell_environment_policy: ShellEnvironmentPolicy,
    pub(super) allow_login_shell: Option<bool>,
    pub(super) tool_output_token_limit: Option<u64>,
    pub(super) background_terminal_max_timeout: Option<u64>,
    pub(super) web_search: Option<WebSearchMode>,
    pub(super) tools: ToolsToml,
    pub(super) features: BTreeMap<String, FeatureToml>,
    pub(super) suppress_unstable_features_warning: Option<bool>,
    pub(super) responses: ResponsesToml,

    pub(super) memories: MemoriesToml,
    pub(super) goals: GoalsToml,
    pub(super) model_catalog_json: Option<PathBuf>,
    pub(super) sqlite_home: Option<PathBuf>,
    pub(super) thread_unload_delay_secs: Option<u64>,
    pub(super) openai_base_url: Option<String>,
    pub(super) chatgpt_base_url: Option<String>,
    pub(super) cli_auth_credentials_store: Option<CredentialsStore>,
    pub(super) forced_login_method: Option<LoginMethod>,
    pub(super) forced_chatgpt_workspace_id: Option<OneOrMany>,
    pub(super) feedback: FeedbackToml,
    pub(super) otel: Option<Table>,
    pub(super) agents: Option<Table>,
    pub(super) skills: Option<Table>,
    pub(super) history: Option<Table>,
    pub(super) plugins: Option<Table>,
    pub(super) marketplaces: Option<Table>,
    pub(super) notify: Option<Vec<String>>,
    pub(super) mcp_servers: Option<Table>,
    pub(super) mcp_optional_startup_grace_ms: Option<u64>,
    pub(super) mcp_oauth_credentials_store: Option<CredentialsStore>,
    pub(super) mcp_oauth_callback_port: Option<u16>,
    pub(super) mcp_oauth_callback_url: Option<String>,
    pub(super) realtime: RealtimeToml,
    pub(super) experimental_realtime_start_instructions: Option<String>,
    pub(super) experimental_realtime_webrtc_call_base_url: Option<String>,
    pub(super) experimental_realtime_ws_backend_prompt: Option<String>,
    pub(super) experimental_realtime_ws_base_url: Option<String>,
    pub(super) experimental_realtime_ws_model: Option<String>,
    pub(super) experimental_realtime_ws_startup_context: Option<String>,

    pub(super) hide_agent_reasoning: Option<bool>,
    pub(super) show_raw_agent_reasoning: Option<bool>,
    pub(super) include_permissions_instructions: Option<bool>,
    pub(super) include_apps_instructions: Option<bool>,
    pub(super) include_collaboration_mode_instructions: Option<bool>,
    pub(super) include_environment_context: Option<bool>,
    pub(super) include_environment_context_time: Option<bool>,
}

/// What must hold for a provider's table; the transport reads the rest of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ProviderToml {
    name: String,
    #[serde(default)]
    pub(super) wire_api: WireApi,
    #[serde(default)]
    pub(super) env_key: Option<String>,
    #[serde(default)]
    pub(super) auth: Option<Table>,
}

/// The protocol of a provider; there is only one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct WireApi;

impl<'de> Deserialize<'de> for WireApi {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "responses" => Ok(Self),
            "chat" => Err(de::Error::custom(
                "`wire_api = \"chat\"` is no longer supported; use `wire_api = \"responses\"`",
            )),
            other => Err(de::Error::unknown_variant(other, &["responses"])),
        }
    }
}

/// `[responses]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ResponsesToml {
    pub(super) process_mode: ProcessMode,
}

/// When the parts of a model's response count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessMode {
    /// As they come in.
    #[default]
    Streaming,
    /// When the response is complete: nothing of one that breaks off is shown or run.
    AfterCompleteResponse,
}

/// `[sandbox_workspace_write]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct WorkspaceWriteToml {
    pub(super) writable_roots: Vec<PathBuf>,
    pub(super) network_access: bool,
    pub(super) exclude_tmpdir_env_var: bool,
    pub(super) exclude_slash_tmp: bool,
}

/// `[projects."<path>"]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ProjectToml {
    pub(super) trust_level: Option<TrustLevel>,
}

/// Whether the user trusts a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustLevel {
    /// Commands may write inside.
    Trusted,
    /// Questions before anything runs.
    Untrusted,
}

/// `[tools]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ToolsToml {
    pub(super) web_search: Option<WebSearchToml>,
    pub(super) update_plan: Option<ToolToml>,
    pub(super) experimental_request_user_input: Option<ToolToml>,
}

/// `[memories]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct MemoriesToml {
    pub(super) generate_memories: Option<bool>,
    pub(super) use_memories: Option<bool>,
    pub(super) min_rollout_idle_hours: Option<u64>,
    pub(super) extract_model: Option<String>,
}

/// `[feedback]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct FeedbackToml {
    pub(super) enabled: Option<bool>,
    pub(super) endpoint: Option<String>,
}

/// `[goals]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct GoalsToml {
    pub(super) max_goal_token_budget: Option<u32>,
}

/// A tool that is switched on or off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct ToolToml {
    pub(super) enabled: Option<bool>,
}

/// `[auto_review]`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct AutoReviewToml {
    pub(super) policy: Option<String>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) circuit_break_action: CircuitBreakAction,
}

/// What too many denials of a reviewer come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CircuitBreakAction {
    /// The turn is interrupted.
    #[default]
    Default,
    /// And says so as its error.
    Strict,
}

/// `tools.web_search`: a switch or settings.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum WebSearchToml {
    Switch(bool),
    Settings(WebSearchSettings),
}

/// How much effort a user lets the model put into its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verbosity {
    /// Short.
    Low,
    /// Medium.
    Medium,
    /// Long.
    High,
}

impl Verbosity {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Whether and where the model may search the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WebSearchMode {
    /// Not at all.
    Disabled,
    /// In what the provider has stored.
    Cached,
    /// In what the provider has stored or indexed.
    Indexed,
    /// In the web as it is now.
    Live,
}

/// `[tools.web_search]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebSearchSettings {
    /// How much of what is found goes to the model.
    pub context_size: Option<SearchContextSize>,
    /// Only these domains.
    pub allowed_domains: Option<Vec<String>>,
    /// About where the user is.
    pub location: Option<WebSearchLocation>,
}

/// Amount of found text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchContextSize {
    /// Little.
    Low,
    /// Medium.
    Medium,
    /// Much.
    High,
}

/// About where the user is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebSearchLocation {
    /// Two letters (ISO 3166-1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// Where credentials are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialsStore {
    /// auth.json.
    #[default]
    File,
    /// The system's keyring.
    Keyring,
    /// The keyring if there is one, else auth.json.
    Auto,
    /// Memory.
    Ephemeral,
}

/// The only way to sign in that an administrator allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoginMethod {
    /// With ChatGPT.
    #[serde(alias = "chat_gpt")]
    Chatgpt,
    /// With an API key.
    Api,
}

/// The value of a feature: a switch, or a table with an optional `enabled`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FeatureToml {
    pub(super) enabled: Option<bool>,
}

/// A text or a list of texts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OneOrMany(pub(super) Vec<String>);

// A switch or a table, told apart by hand: serde's untagged enums lose the place and the reason of an error.

impl<'de> Deserialize<'de> for FeatureToml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = FeatureToml;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean or a table")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<FeatureToml, E> {
                Ok(FeatureToml { enabled: Some(value) })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FeatureToml, A::Error> {
                let mut enabled = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "enabled" {
                        enabled = Some(map.next_value()?);
                    } else {
                        map.next_value::<Value>()?;
                    }
                }
                Ok(FeatureToml { enabled })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for WebSearchToml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = WebSearchToml;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean or a table")
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<WebSearchToml, E> {
                Ok(WebSearchToml::Switch(value))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WebSearchToml, A::Error> {
                WebSearchSettings::deserialize(MapAccessDeserializer::new(map)).map(WebSearchToml::Settings)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![value.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(OneOrMany(all))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
