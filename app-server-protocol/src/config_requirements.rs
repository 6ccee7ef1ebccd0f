//! What the administrator demands of every configuration (docs/contract/configuration.md#requirements).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::policy::{ApprovalsReviewer, AskForApproval, SandboxMode};

crate::rpc::methods! {
    client ConfigRequirementsRead "configRequirements/read" () -> ConfigRequirementsReadResponse, stable, in GlobalRead("config"), "Reads what the administrator demands.";
}

/// What the administrator demands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRequirementsReadResponse {
    /// All of it; null if it is nothing.
    pub requirements: Option<Box<ConfigRequirements>>,
    /// Whether speeds can be chosen apart from models.
    pub supports_independent_speed_modes: Option<bool>,
}

/// What the administrator demands; null where that is nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRequirements {
    /// Told to models beside the user's own instructions.
    pub additional_developer_instructions: Option<String>,
    /// Whether applications may take pictures of themselves.
    pub allow_appshots: Option<bool>,
    /// Whether agents may use browsers and the desktop.
    pub allow_browser_and_computer_use: Option<bool>,
    /// Whether commands may run in a login shell.
    pub allow_login_shell: Option<bool>,
    /// Whether only the administrator's hooks run.
    pub allow_managed_hooks_only: Option<bool>,
    /// Whether the server may be controlled from elsewhere.
    pub allow_remote_control: Option<bool>,
    /// The approval policies to choose from.
    pub allowed_approval_policies: Option<Vec<AskForApproval>>,
    /// Who may answer approval requests.
    #[schemars(extend("x-experimental" = true))]
    pub allowed_approvals_reviewers: Option<Vec<ApprovalsReviewer>>,
    /// The ways to sign in.
    pub allowed_login_methods: Option<Vec<ForcedLoginMethod>>,
    /// Permission profiles, and whether they may be chosen.
    pub allowed_permission_profiles: Option<BTreeMap<String, bool>>,
    /// The sandbox modes to choose from.
    pub allowed_sandbox_modes: Option<Vec<SandboxMode>>,
    /// The ways to search the web.
    pub allowed_web_search_modes: Option<Vec<WebSearchMode>>,
    /// Sandboxes of Windows.
    pub allowed_windows_sandbox_implementations: Option<Vec<WindowsSandboxImplementation>>,
    /// For desktop applications.
    #[schemars(extend("x-experimental" = true))]
    pub application: Option<Value>,
    /// The model that reviews approvals.
    pub auto_review: Option<Value>,
    /// Use of browsers.
    pub browser_use: Option<Value>,
    /// The account backend.
    pub chatgpt_base_url: Option<String>,
    /// Whether applications look for updates.
    pub check_for_update_on_startup: Option<bool>,
    /// Where credentials are kept.
    pub cli_auth_credentials_store: Option<CliAuthCredentialsStoreMode>,
    /// Use of the desktop.
    pub computer_use: Option<Value>,
    /// The permission profile of those who choose none.
    pub default_permissions: Option<String>,
    /// Where data must stay.
    pub enforce_residency: Option<ResidencyRequirement>,
    /// Features that are switched on or off for good.
    pub feature_requirements: Option<BTreeMap<String, bool>>,
    /// Feedback.
    pub feedback: Option<Value>,
    /// The administrator's hooks.
    #[schemars(extend("x-experimental" = true))]
    pub hooks: Option<Value>,
    /// Browsers within applications.
    pub in_app_browser: Option<Value>,
    /// Folder of logs.
    pub log_dir: Option<String>,
    /// File with a list of models.
    pub model_catalog_json: Option<String>,
    /// The model provider.
    pub model_provider: Option<String>,
    /// Model providers, by id; secrets are masked.
    pub model_providers: Option<Map<String, Value>>,
    /// Defaults of models.
    pub models: Option<Value>,
    /// What commands may reach.
    #[schemars(extend("x-experimental" = true))]
    pub network: Option<Value>,
    /// Telemetry; secrets are masked.
    pub otel: Option<Value>,
    /// Folder of databases.
    pub sqlite_home: Option<String>,
}

/// A sandbox of Windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WindowsSandboxImplementation {
    /// With another user's rights.
    Elevated,
    /// With the user's own.
    Unelevated,
    /// In a container.
    Mxc,
}

/// Where credentials are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CliAuthCredentialsStoreMode {
    /// In a file.
    File,
    /// In the system's keyring.
    Keyring,
    /// In the keyring if there is one.
    Auto,
    /// In memory.
    Ephemeral,
}

/// Where data must stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ResidencyRequirement {
    /// In the United States.
    Us,
}

/// A way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ForcedLoginMethod {
    /// With an account.
    Chatgpt,
    /// With an API key.
    Api,
}

/// Whether and where the model may search the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
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
