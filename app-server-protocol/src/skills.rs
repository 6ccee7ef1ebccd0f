//! Skills: instructions for one kind of task (docs/contract/services.md#skills).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::{AbsolutePathBuf, LegacyAppPathString};

crate::rpc::methods! {
    client SkillsList "skills/list" (SkillsListParams) -> SkillsListResponse, stable, "Lists the skills of working folders.";
    client SkillsExtraRootsSet "skills/extraRoots/set" (SkillsExtraRootsSetParams) -> SkillsExtraRootsSetResponse, stable, in Global("skills"), "Sets more folders with skills, for the life of the process.";
    client SkillsConfigWrite "skills/config/write" (SkillsConfigWriteParams) -> SkillsConfigWriteResponse, stable, in Global("config"), "Switches a skill on or off, in the configuration file.";
    notify SkillsChanged "skills/changed" (SkillsChangedNotification), stable, "Skills may have changed.";
}

/// For which folders to list skills.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillsListParams {
    /// Working folders; relative ones count from the server's. None: the server's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cwds: Vec<String>,
    /// Whether all files are read again, changed or not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force_reload: bool,
}

/// The skills of folders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillsListResponse {
    /// One for each folder that was asked for.
    pub data: Vec<SkillsListEntry>,
}

/// The skills of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillsListEntry {
    /// The folder, as it was asked for.
    pub cwd: String,
    /// Its skills, by scope, name and path.
    pub skills: Vec<SkillMetadata>,
    /// What looks like a skill and is none.
    pub errors: Vec<SkillErrorInfo>,
}

/// A skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillMetadata {
    /// Its name. Several may have the same.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The same for people, shorter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_description: Option<String>,
    /// How to show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<SkillInterface>,
    /// What it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<SkillDependencies>,
    /// Its `SKILL.md`, without links.
    pub path: LegacyAppPathString,
    /// Whose it is.
    pub scope: SkillScope,
    /// Whether it is on.
    pub enabled: bool,
    /// The plugin that it belongs to.
    pub plugin_id: Option<String>,
}

/// Whose a skill is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SkillScope {
    /// The user's.
    User,
    /// The project's.
    Repo,
    /// Comes with the program.
    System,
    /// The administrator's.
    Admin,
}

/// How to show a skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillInterface {
    /// Name for people.
    pub display_name: Option<String>,
    /// One line for people.
    pub short_description: Option<String>,
    /// Small icon, a file.
    pub icon_small: Option<AbsolutePathBuf>,
    /// Large icon, a file.
    pub icon_large: Option<AbsolutePathBuf>,
    /// Small icon elsewhere; never known for skills in files.
    pub icon_small_url: Option<String>,
    /// Large icon elsewhere; never known for skills in files.
    pub icon_large_url: Option<String>,
    /// `#rrggbb`.
    pub brand_color: Option<String>,
    /// What to say to use it.
    pub default_prompt: Option<String>,
}

/// What a skill needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillDependencies {
    /// Tools.
    pub tools: Vec<SkillToolDependency>,
}

/// A tool that a skill needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillToolDependency {
    /// Kind, such as `mcp`, `cli` or `env_var`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name.
    pub value: String,
    /// What it is needed for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How an MCP server is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<String>,
    /// How it is started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Why something that looks like a skill is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillErrorInfo {
    /// The file or folder.
    pub path: String,
    /// What is wrong, with the line of the file where there is one.
    pub message: String,
}

/// More folders with skills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillsExtraRootsSetParams {
    /// All of them, at most 64; they take the place of those that were set before.
    pub extra_roots: Vec<AbsolutePathBuf>,
}

/// They are set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkillsExtraRootsSetResponse {}

/// Which skill to switch: exactly one of name and path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillsConfigWriteParams {
    /// All skills of this name.
    pub name: Option<String>,
    /// The skill with this `SKILL.md`.
    pub path: Option<AbsolutePathBuf>,
    /// Whether it is to be on.
    pub enabled: bool,
}

/// It is switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkillsConfigWriteResponse {
    /// Whether it is on now, all layers of the configuration considered. Loaded threads stay as they are.
    pub effective_enabled: bool,
}

/// Skills may have changed: what was listed before may not hold any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkillsChangedNotification {}
