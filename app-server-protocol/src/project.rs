//! Projects: folders and threads that belong together.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::page::SortDirection;
use crate::path::AbsolutePathBuf;
use crate::shape::require;

crate::rpc::methods! {
    client ProjectList "project/list" (ProjectListParams) -> ProjectListResponse, experimental, in GlobalRead("projects"), "Lists projects.";
    client ProjectRead "project/read" (ProjectReadParams) -> ProjectReadResponse, experimental, in GlobalRead("projects"), "Reads a project.";
    client ProjectCreate "project/create" (ProjectCreateParams) -> ProjectCreateResponse, experimental, in Global("projects"), "Makes a project.";
    client ProjectImport "project/import" (ProjectImportParams) -> ProjectImportResponse, experimental, in Global("projects"), "Makes a project of threads.";
    client ProjectUpdate "project/update" (ProjectUpdateParams) -> ProjectUpdateResponse, experimental, in Global("projects"), "Changes a project.";
    client ProjectMove "project/move" (ProjectMoveParams) -> ProjectMoveResponse, experimental, in Global("projects"), "Changes the order of projects.";
    client ProjectDelete "project/delete" (ProjectDeleteParams) -> ProjectDeleteResponse, experimental, in Global("projects"), "Deletes a project; its threads stay.";
    notify ProjectChanged "project/changed" (ProjectChangedNotification), stable, "A project was made, changed or deleted.";
    notify ThreadProjectUpdated "thread/project/updated" (ThreadProjectUpdatedNotification), stable, "A thread belongs to another project, or to none.";
}

/// A project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// Identifier.
    pub id: String,
    /// Names and values of clients.
    pub metadata: BTreeMap<String, String>,
    /// Its name.
    pub name: String,
    /// When a thread of it was changed last, in Unix seconds; null if it has none.
    pub recency_at: Option<i64>,
    /// Its folders.
    pub roots: Vec<ProjectRoot>,
    /// When it was changed, in Unix seconds.
    pub updated_at: i64,
}

/// A folder of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectRoot {
    /// The folder.
    pub path: AbsolutePathBuf,
}

/// Which page of the projects.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectListParams {
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Most entries of a page.
    pub limit: Option<u32>,
    /// Its direction; needs `sortKey`.
    pub sort_direction: Option<SortDirection>,
    /// The order; absent for the user's.
    pub sort_key: Option<ProjectSortKey>,
}

/// Orders of projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProjectSortKey {
    /// As the user has put them, the first one first.
    Position,
    /// By the last change of a thread, the newest first.
    RecencyAt,
}

/// A page of projects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectListResponse {
    /// The page.
    pub data: Vec<Project>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
}

/// Which project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectReadParams {
    /// The project.
    pub project_id: String,
}

/// The project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectReadResponse {
    /// The project.
    pub project: Project,
}

/// Makes a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectCreateParams {
    /// A name for this wish: the same one makes no second project, but answers the first one.
    pub idempotency_key: String,
    /// Names and values of the client.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Its name.
    pub name: String,
    /// Its folders, each once.
    pub roots: Vec<ProjectRoot>,
}

/// The project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectCreateResponse {
    /// The project.
    pub project: Project,
}

/// Makes a project of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectImportParams {
    /// As in `project/create`.
    pub idempotency_key: String,
    /// Names and values of the client.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Its name.
    pub name: String,
    /// Its folders, each once.
    pub roots: Vec<ProjectRoot>,
    /// Stored threads, each once. They leave the projects that they belong to.
    pub threads: Option<Vec<String>>,
}

/// The project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectImportResponse {
    /// The project.
    pub project: Project,
}

/// Changes a project. What is absent or null stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectUpdateParams {
    /// Takes the place of all names and values.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Its name.
    pub name: Option<String>,
    /// The project.
    pub project_id: String,
    /// Its folders, each once.
    pub roots: Option<Vec<ProjectRoot>>,
}

/// The project as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectUpdateResponse {
    /// The project.
    pub project: Project,
}

/// Moves a project in the user's order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectMoveParams {
    /// The project that it comes before; absent for the end.
    pub before_project_id: Option<String>,
    /// The project.
    pub project_id: String,
}

/// It is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectMoveResponse {}

/// Deletes a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectDeleteParams {
    /// The project.
    pub project_id: String,
}

/// It is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectDeleteResponse {}

/// A project was made, changed or deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectChangedNotification {
    /// What happened to it.
    pub change_type: ProjectChangeType,
    /// The project.
    pub project_id: String,
}

/// What happened to a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProjectChangeType {
    /// It was made.
    Created,
    /// It was changed or moved.
    Updated,
    /// It was deleted.
    Deleted,
}

/// A thread belongs to another project, or to none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = require("projectId"))]
pub struct ThreadProjectUpdatedNotification {
    /// The project; null for none.
    pub project_id: Option<String>,
    /// The thread.
    pub thread_id: String,
}
