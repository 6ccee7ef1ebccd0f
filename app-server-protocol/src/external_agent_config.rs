//! Taking over what users have set up for another agent (docs/contract/services.md#imports).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

crate::rpc::methods! {
    client ExternalAgentConfigDetect "externalAgentConfig/detect" (ExternalAgentConfigDetectParams) -> ExternalAgentConfigDetectResponse, stable, in GlobalRead("externalAgentConfig"), "Finds what can be taken over from another agent.";
    client ExternalAgentConfigImport "externalAgentConfig/import" (ExternalAgentConfigImportParams) -> ExternalAgentConfigImportResponse, stable, in Global("externalAgentConfig"), "Takes things over from another agent.";
    client ExternalAgentConfigImportHistoryRecord "externalAgentConfig/import/recordHistory" (ExternalAgentConfigImportHistoryRecordParams) -> ExternalAgentConfigImportHistoryRecordResponse, stable, in Global("externalAgentConfig"), "Notes an import that a client has made.";
    client ExternalAgentConfigImportHistoriesRead "externalAgentConfig/import/readHistories" () -> ExternalAgentConfigImportHistoriesReadResponse, stable, in GlobalRead("externalAgentConfig"), "Lists earlier imports.";
    notify ExternalAgentConfigImportProgress "externalAgentConfig/import/progress" (ExternalAgentConfigImportProgressNotification), stable, "A step of an import is done.";
    notify ExternalAgentConfigImportCompleted "externalAgentConfig/import/completed" (ExternalAgentConfigImportCompletedNotification), stable, "An import is over.";
}

/// Where to look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigDetectParams {
    /// Whether to look in the user's home.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub include_home: bool,
    /// Projects; relative folders count from the server's.
    pub cwds: Option<Vec<String>>,
    /// The other agent; absent for Claude Code, the only one that is known.
    pub migration_source: Option<String>,
    /// Accepted; without effect.
    pub source: Option<String>,
    /// Accepted; without effect: sessions are not taken over.
    pub max_sessions: Option<u32>,
    /// Accepted; without effect: sessions are not taken over.
    pub max_session_age_days: Option<u32>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigDetectResponse {
    /// What can be taken over and is not here yet.
    pub items: Vec<ExternalAgentConfigMigrationItem>,
    /// Always empty.
    #[serde(default)]
    pub connectors: Vec<ExternalAgentDetectedConnectorCandidate>,
}

/// Something that can be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigMigrationItem {
    /// What it is.
    pub item_type: ExternalAgentConfigMigrationItemType,
    /// In words.
    pub description: String,
    /// The project; null for the user's home.
    pub cwd: Option<String>,
    /// What there is of it; null where it is one thing. Of what is to be imported: only these.
    pub details: Option<MigrationDetails>,
}

/// What can be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExternalAgentConfigMigrationItemType {
    /// Instructions.
    AgentsMd,
    /// Settings.
    Config,
    /// Skills.
    Skills,
    /// Plugins; not supported.
    Plugins,
    /// MCP servers.
    McpServerConfig,
    /// Subagents.
    Subagents,
    /// Hooks.
    Hooks,
    /// Commands, which become skills.
    Commands,
    /// Memories; not supported.
    Memory,
    /// Sessions; not supported.
    Sessions,
}

/// What there is of something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MigrationDetails {
    /// Commands.
    #[serde(default)]
    pub commands: Vec<CommandMigration>,
    /// Hooks.
    #[serde(default)]
    pub hooks: Vec<HookMigration>,
    /// MCP servers.
    #[serde(default)]
    pub mcp_servers: Vec<McpServerMigration>,
    /// Memories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory: Vec<String>,
    /// Plugins.
    #[serde(default)]
    pub plugins: Vec<PluginsMigration>,
    /// Sessions.
    #[serde(default)]
    pub sessions: Vec<SessionMigration>,
    /// Skills.
    #[serde(default)]
    pub skills: Vec<SkillMigration>,
    /// Subagents.
    #[serde(default)]
    pub subagents: Vec<SubagentMigration>,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CommandMigration {
    /// Name of the skill that it becomes.
    pub name: String,
}

/// Hooks of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HookMigration {
    /// The event.
    pub name: String,
}

/// An MCP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerMigration {
    /// Its name.
    pub name: String,
}

/// Plugins of a marketplace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginsMigration {
    /// The marketplace.
    pub marketplace_name: String,
    /// Their names.
    pub plugin_names: Vec<String>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionMigration {
    /// Its folder.
    pub cwd: String,
    /// Its file.
    pub path: String,
    /// For people.
    pub title: Option<String>,
}

/// A skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillMigration {
    /// Its name.
    pub name: String,
}

/// A subagent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubagentMigration {
    /// Its name.
    pub name: String,
}

/// An account of another service; none is ever found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentDetectedConnectorCandidate {
    /// Its name.
    pub name: String,
    /// In how many sessions it was used.
    pub session_count: u32,
    /// Where it was found.
    pub source: ExternalAgentDetectedConnectorSource,
}

/// Where a connector was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExternalAgentDetectedConnectorSource {
    /// Among MCP servers.
    RemoteMcpServersConfig,
    /// In sessions.
    SessionToolUse,
}

/// What to take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportParams {
    /// What `detect` has found, or some of it.
    pub migration_items: Vec<ExternalAgentConfigMigrationItem>,
    /// Kept with the history.
    pub provider_id: Option<String>,
    /// The other agent; absent for Claude Code, the only one that is known.
    pub migration_source: Option<String>,
    /// Accepted; without effect.
    pub source: Option<String>,
}

/// The import has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportResponse {
    /// Names the import in its notifications.
    pub import_id: String,
}

/// A step of an import is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportProgressNotification {
    /// The import.
    pub import_id: String,
    /// What became of one item.
    pub item_type_results: Vec<ExternalAgentConfigImportTypeResult>,
}

/// An import is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportCompletedNotification {
    /// The import.
    pub import_id: String,
    /// What became of all items, by type.
    pub item_type_results: Vec<ExternalAgentConfigImportTypeResult>,
}

/// What became of items of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportTypeResult {
    /// The type.
    pub item_type: ExternalAgentConfigMigrationItemType,
    /// What is here now. What was here before is not told of.
    pub successes: Vec<ExternalAgentConfigImportItemTypeSuccess>,
    /// What is not.
    pub failures: Vec<ExternalAgentConfigImportItemTypeFailure>,
}

/// Something that was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportItemTypeSuccess {
    /// What it is.
    pub item_type: ExternalAgentConfigMigrationItemType,
    /// The project; null for the user's home.
    pub cwd: Option<String>,
    /// What it was called, or where it was.
    pub source: Option<String>,
    /// What it is called now, or where it is.
    pub target: Option<String>,
    /// For people.
    #[serde(default)]
    pub title: Option<String>,
}

/// Something that could not be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportItemTypeFailure {
    /// What it is.
    pub item_type: ExternalAgentConfigMigrationItemType,
    /// The project; null for the user's home.
    pub cwd: Option<String>,
    /// What it was called, or where it was.
    pub source: Option<String>,
    /// Kind of error, such as `unsupported`.
    pub error_type: Option<String>,
    /// More of that.
    pub sub_error_type: Option<String>,
    /// At which step.
    pub failure_stage: String,
    /// Why.
    pub message: String,
}

/// An import that a client has made by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportHistoryRecordParams {
    /// Who has made it.
    pub provider_id: String,
    /// What became of it.
    pub item_type_results: Vec<ExternalAgentConfigImportHistoryRecordTypeResultParams>,
}

/// What became of items of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportHistoryRecordTypeResultParams {
    /// The type.
    pub item_type: ExternalAgentConfigMigrationItemType,
    /// What was taken over.
    pub successes: Vec<ExternalAgentConfigImportHistoryRecordSuccessParams>,
    /// What was not.
    pub failures: Vec<ExternalAgentConfigImportItemTypeFailure>,
}

/// Something that was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportHistoryRecordSuccessParams {
    /// What it is.
    pub item_type: ExternalAgentConfigMigrationItemType,
    /// The project.
    pub cwd: Option<String>,
    /// What it was called, or where it was.
    pub source: Option<String>,
    /// What it is called now, or where it is.
    pub target: Option<String>,
    /// For people.
    #[serde(default)]
    pub title: Option<String>,
}

/// It is noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportHistoryRecordResponse {
    /// The id that it has got.
    pub import_id: String,
}

/// Earlier imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportHistoriesReadResponse {
    /// The newest first.
    pub data: Vec<ExternalAgentConfigImportHistory>,
    /// Always empty.
    pub connectors: Vec<ExternalAgentImportedConnectorCandidate>,
}

/// An import that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentConfigImportHistory {
    /// Its id.
    pub import_id: String,
    /// Who has made it.
    pub provider_id: Option<String>,
    /// When it was over, Unix milliseconds.
    pub completed_at_ms: i64,
    /// What was taken over.
    pub successes: Vec<ExternalAgentConfigImportItemTypeSuccess>,
    /// What was not.
    pub failures: Vec<ExternalAgentConfigImportItemTypeFailure>,
}

/// An account of another service that was taken over; there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAgentImportedConnectorCandidate {
    /// Its name.
    pub name: String,
    /// In how many sessions it was used.
    pub session_count: u32,
    /// Where it was found.
    pub source: ExternalAgentImportedConnectorSource,
}

/// Where a connector that was taken over was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExternalAgentImportedConnectorSource {
    /// Among MCP servers.
    RemoteMcpServersConfig,
}
