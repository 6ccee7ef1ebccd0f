//! Lists of threads (docs/contract/threads.md#thread-list).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::page::SortDirection;
use crate::shape::double_option;
use crate::thread_data::Thread;
use crate::thread_read_state::ThreadReadState;

crate::rpc::methods! {
    client ThreadList "thread/list" (ThreadListParams) -> ThreadListResponse, stable, in None, "Lists stored threads, page by page.";
}

/// Which threads to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadListParams {
    /// Only threads below this one, at any depth.
    #[schemars(extend("x-experimental" = true))]
    pub ancestor_thread_id: Option<String>,
    /// Whether to look among archived threads instead of the others.
    pub archived: Option<bool>,
    /// Only hidden children of this one.
    #[schemars(extend("x-experimental" = true))]
    pub attached_to_thread_id: Option<String>,
    /// Only threads that the user who is signed in has started, and those that nobody with an account has.
    #[serde(default)]
    pub current_account_only: bool,
    /// Where the last page ended (`nextCursor`); absent for the first page.
    pub cursor: Option<String>,
    /// Only threads of these working folders.
    pub cwd: Option<ThreadListCwdFilter>,
    /// All but these; at most 100.
    pub excluded_thread_ids: Option<Vec<String>>,
    /// Only these, at most 100, in the usual order; those that don't fit the rest of the request are left out. Absent
    /// for all, empty for none.
    pub included_thread_ids: Option<Vec<String>>,
    /// Also hidden children of other threads.
    #[serde(default)]
    #[schemars(extend("x-experimental" = true))]
    pub include_attached_threads: bool,
    /// Most entries of a page, 1 to 100; absent for 25.
    pub limit: Option<u32>,
    /// Only threads of these providers; empty for all.
    pub model_providers: Option<Vec<String>>,
    /// Only threads that these programs made. Not supported for local threads.
    pub originators: Option<Vec<String>>,
    /// Only threads that this one's agent started.
    #[schemars(extend("x-experimental" = true))]
    pub parent_thread_id: Option<String>,
    /// Only threads of this project.
    #[schemars(extend("x-experimental" = true))]
    pub project_id: Option<String>,
    /// Only threads whose title contains this text.
    pub search_term: Option<String>,
    /// Only threads of this section; null for those without.
    #[serde(default, with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub section_id: Option<Option<String>>,
    /// In which direction; absent for the method's own default.
    pub sort_direction: Option<SortDirection>,
    /// By what; absent for the time of creation.
    pub sort_key: Option<ThreadSortKey>,
    /// Only threads that came from these; absent for what users see.
    pub source_kinds: Option<Vec<ThreadSourceKind>>,
    /// Do not look for files that the index does not know yet. Accepted; without effect: the index is always current.
    #[serde(default)]
    pub use_state_db_only: bool,
}

/// One working folder, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a path or a list of paths")]
pub enum ThreadListCwdFilter {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// What threads are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThreadSortKey {
    /// When they were made.
    CreatedAt,
    /// When they last changed.
    UpdatedAt,
    /// When they were last of interest to the user.
    RecencyAt,
    /// Where the user put them in their section.
    SectionPosition,
}

/// What a thread came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ThreadSourceKind {
    /// The terminal client.
    Cli,
    /// An editor, or any other client of the app-server.
    Vscode,
    /// A script.
    Exec,
    /// A client of the app-server that says so.
    AppServer,
    /// Any agent.
    SubAgent,
    /// An agent that reviews.
    SubAgentReview,
    /// An agent that sums up a history.
    SubAgentCompact,
    /// An agent that was asked for help.
    SubAgentThreadSpawn,
    /// Another agent.
    SubAgentOther,
    /// Not known.
    Unknown,
}

/// A page of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThreadListResponse {
    /// The page.
    pub data: Vec<Thread>,
    /// Where the page before begins, for a request in the opposite direction.
    pub backwards_cursor: Option<String>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
    /// What the user has read of them, by thread id.
    #[schemars(extend("x-experimental" = true))]
    pub read_states: Option<BTreeMap<String, ThreadReadState>>,
}
