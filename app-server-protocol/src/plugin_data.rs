//! What plugins are, for the methods about them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::app::AppSummary;
use crate::hooks::HookEventName;
use crate::path::{AbsolutePathBuf, LegacyAppPathString};
use crate::skills::SkillInterface;

/// A marketplace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginMarketplaceEntry {
    /// Its name.
    pub name: String,
    /// In its order.
    pub plugins: Vec<PluginSummary>,
    /// How it is shown.
    pub interface: Option<MarketplaceInterface>,
    /// Its list, a file; null for one of an account.
    pub path: Option<AbsolutePathBuf>,
}

/// How a marketplace is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketplaceInterface {
    /// Name for people.
    pub display_name: Option<String>,
}

/// A plugin, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginSummary {
    /// When it asks for an account.
    pub auth_policy: PluginAuthPolicy,
    /// Whether it is on.
    pub enabled: bool,
    /// The plugin, `plugin@marketplace`.
    pub id: String,
    /// Whether it may be installed.
    pub install_policy: PluginInstallPolicy,
    /// There is a copy of it.
    pub installed: bool,
    /// Its name.
    pub name: String,
    /// Where its files are.
    pub source: PluginSource,
    /// Whether it may be used.
    pub availability: PluginAvailability,
    /// Why it is off, if its user has not said so.
    pub disabled_reason: Option<PluginDisabledReason>,
    /// Plans that may use it.
    pub eligible_plan_types: Option<Vec<String>>,
    /// Who says so.
    pub install_policy_source: Option<PluginInstallPolicySource>,
    /// Since when.
    pub installed_at: Option<i64>,
    /// How it is shown.
    pub interface: Option<PluginInterface>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// The version in the folder of its marketplace.
    pub local_version: Option<String>,
    /// Whether people must be asked first.
    pub must_show_installation_interstitial: Option<bool>,
    /// Id of the plugin with the account.
    pub remote_plugin_id: Option<String>,
    /// How it is shared.
    pub share_context: Option<PluginShareContext>,
    /// Its version with the account.
    pub version: Option<String>,
}

/// Where the files of a plugin are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PluginSource {
    /// In a folder, absolute.
    Local {
        /// The folder.
        path: AbsolutePathBuf,
    },
    /// In a repository.
    Git {
        /// Its address.
        url: String,
        /// The folder.
        path: Option<String>,
        /// Branch or tag.
        ref_name: Option<String>,
        /// Commit.
        sha: Option<String>,
    },
    /// In a package of npm.
    Npm {
        /// Its name.
        package: String,
        /// Where it is registered.
        registry: Option<String>,
        /// Its version.
        version: Option<String>,
    },
    /// With the account.
    Remote,
}

/// How a plugin is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInterface {
    /// What it can do.
    pub capabilities: Vec<String>,
    /// Pictures of it, elsewhere.
    pub screenshot_urls: Vec<String>,
    /// Pictures of it, files.
    pub screenshots: Vec<AbsolutePathBuf>,
    /// `#rrggbb`.
    pub brand_color: Option<String>,
    /// Its kind.
    pub category: Option<String>,
    /// Icon in the composer, a file.
    pub composer_icon: Option<AbsolutePathBuf>,
    /// The same elsewhere.
    pub composer_icon_url: Option<String>,
    /// What to say to use it.
    pub default_prompt: Option<Vec<String>>,
    /// Who made it.
    pub developer_name: Option<String>,
    /// Name for people.
    pub display_name: Option<String>,
    /// Logo, a file.
    pub logo: Option<AbsolutePathBuf>,
    /// Logo on dark ground, a file.
    pub logo_dark: Option<AbsolutePathBuf>,
    /// Logo.
    pub logo_url: Option<String>,
    /// Logo on dark ground.
    pub logo_url_dark: Option<String>,
    /// More for people.
    pub long_description: Option<String>,
    /// Its privacy policy.
    pub privacy_policy_url: Option<String>,
    /// One line for people.
    pub short_description: Option<String>,
    /// Its terms.
    pub terms_of_service_url: Option<String>,
    /// Its page.
    pub website_url: Option<String>,
}

/// How a plugin is shared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginShareContext {
    /// Id of the plugin with the account.
    pub remote_plugin_id: String,
    /// Whether the whole workspace may get it.
    pub can_publish_to_workspace: Option<bool>,
    /// Who made it.
    pub creator_account_user_id: Option<String>,
    /// Their name.
    pub creator_name: Option<String>,
    /// Who finds it.
    pub discoverability: Option<PluginShareDiscoverability>,
    /// Its version with the account.
    pub remote_version: Option<String>,
    /// Who has it.
    pub share_principals: Option<Vec<PluginSharePrincipal>>,
    /// Address for others.
    pub share_url: Option<String>,
}

/// Who finds a shared plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PluginShareDiscoverability {
    /// Everybody.
    Listed,
    /// Who has the address.
    Unlisted,
    /// Nobody else.
    Private,
}

/// Who has a shared plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginSharePrincipal {
    /// Name for people.
    pub name: String,
    /// Who.
    pub principal_id: String,
    /// What they are.
    pub principal_type: PluginSharePrincipalType,
    /// What they may do.
    pub role: PluginSharePrincipalRole,
}

/// What those are who share a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginSharePrincipalType {
    /// A person.
    User,
    /// A group.
    Group,
    /// All of a workspace.
    Workspace,
}

/// What those may do who have a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginSharePrincipalRole {
    /// Read it.
    Reader,
    /// Change it.
    Editor,
    /// Everything.
    Owner,
}

/// When a plugin asks for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PluginAuthPolicy {
    /// When it is installed.
    OnInstall,
    /// When it is used.
    OnUse,
}

/// Whether a plugin may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PluginAvailability {
    /// An administrator says no.
    DisabledByAdmin,
    /// Yes.
    Available,
}

/// Why a plugin is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginDisabledReason {
    /// An administrator says so.
    DisabledByAdmin,
    /// The plan does not include it.
    PlanNotEligible,
    /// An app that it needs is missing.
    RequiredAppUnavailable,
    /// Something else.
    Unknown,
}

/// Whether a plugin may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PluginInstallPolicy {
    /// No.
    NotAvailable,
    /// Yes.
    Available,
    /// Its marketplace would have it installed.
    InstalledByDefault,
}

/// Who says whether a plugin may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PluginInstallPolicySource {
    /// The workspace.
    WorkspaceSetting,
    /// The app that it stands for.
    ImplicitCanonicalApp,
}

/// What is in a plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginDetail {
    /// Apps that it would set up.
    pub app_templates: Vec<AppTemplateSummary>,
    /// Apps.
    pub apps: Vec<AppSummary>,
    /// Hooks.
    pub hooks: Vec<PluginHookSummary>,
    /// Name of the marketplace.
    pub marketplace_name: String,
    /// Names of MCP servers.
    pub mcp_servers: Vec<String>,
    /// Skills, by name.
    pub skills: Vec<SkillSummary>,
    /// As in lists.
    pub summary: PluginSummary,
    /// What it is for.
    pub description: Option<String>,
    /// List of its marketplace, a file.
    pub marketplace_path: Option<AbsolutePathBuf>,
    /// The skill to begin with.
    pub onboarding_skill: Option<SkillSummary>,
    /// What it does by itself.
    pub scheduled_tasks: Option<Vec<ScheduledTaskSummary>>,
    /// Address for others.
    pub share_url: Option<String>,
}

/// A hook of a plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginHookSummary {
    /// When it runs.
    pub event_name: HookEventName,
    /// Names it.
    pub key: String,
}

/// A skill of a plugin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillSummary {
    /// What it is for.
    pub description: String,
    /// Whether it is on.
    pub enabled: bool,
    /// Its name, `plugin:skill`.
    pub name: String,
    /// How it is shown.
    pub interface: Option<SkillInterface>,
    /// Its `SKILL.md`.
    pub path: Option<LegacyAppPathString>,
    /// The same for people, shorter.
    pub short_description: Option<String>,
}

/// An app that a plugin would set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppTemplateSummary {
    /// Apps that were made of it.
    pub materialized_app_ids: Vec<String>,
    /// Its name.
    pub name: String,
    /// Its id.
    pub template_id: String,
    /// What it connects to.
    pub canonical_connector_id: Option<String>,
    /// Its kind.
    pub category: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Logo.
    pub logo_url: Option<String>,
    /// Logo on dark ground.
    pub logo_url_dark: Option<String>,
    /// Why it can't be had.
    pub reason: Option<AppTemplateUnavailableReason>,
}

/// Why an app can't be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AppTemplateUnavailableReason {
    /// The workspace has not set it up.
    NotConfiguredForWorkspace,
    /// There is no workspace.
    NoActiveWorkspace,
}

/// Something that a plugin does by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduledTaskSummary {
    /// Names it.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What is said.
    pub prompt: String,
    /// When.
    pub schedule: ScheduledTaskSchedule,
}

/// When something happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ScheduledTaskSchedule {
    /// Every few hours.
    Hourly {
        /// Hours between.
        interval_hours: u32,
        /// On these days.
        days: Option<Vec<ScheduledTaskWeekday>>,
    },
    /// Every day.
    Daily {
        /// At this time.
        time: String,
    },
    /// On all days of work.
    Weekdays {
        /// At this time.
        time: String,
    },
    /// On some days.
    Weekly {
        /// On these days.
        days: Vec<ScheduledTaskWeekday>,
        /// At this time.
        time: String,
    },
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ScheduledTaskWeekday {
    /// Monday.
    Mo,
    /// Tuesday.
    Tu,
    /// Wednesday.
    We,
    /// Thursday.
    Th,
    /// Friday.
    Fr,
    /// Saturday.
    Sa,
    /// Sunday.
    Su,
}
