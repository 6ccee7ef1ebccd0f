//! Lists of threads (docs/contract/threads.md#thread-list).

use std::collections::HashSet;
use std::path::PathBuf;

use serde_json::Value;
use uuid::Uuid;

use super::State;
use super::cursor::{ListCursor, PositionCursor};
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::history::index::directory::{Key, Rollout};
use crate::{Result, ThreadCreator, ThreadId, ThreadInfo, is_path_agent};

/// What to list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Rows of a page, 1 to 100.
    pub limit: usize,
    /// Where to go on.
    pub cursor: Option<String>,
    /// In which order.
    pub sort: SortKey,
    /// Largest first.
    pub descending: bool,
    /// The archived threads instead of the others.
    pub archived: bool,
    /// Where threads come from; empty: only those that users started.
    pub sources: Vec<SourceKind>,
    /// Providers; empty: all.
    pub providers: Vec<String>,
    /// Working folders, absolute; `None`: all.
    pub cwds: Option<Vec<PathBuf>>,
    /// A part of the name, or of the preview where there is no name.
    pub search: Option<String>,
    /// Threads to leave out.
    pub excluded: HashSet<ThreadId>,
    /// These threads only, as far as they fit the rest; `None`: all.
    pub included: Option<HashSet<ThreadId>>,
    /// Children of this thread only.
    pub parent: Option<ThreadId>,
    /// Descendants of this thread only.
    pub ancestor: Option<ThreadId>,
    /// Threads attached to this one only.
    pub attached_to: Option<ThreadId>,
    /// Attached threads too.
    pub include_attached: bool,
    /// Threads in this section only; `Some(None)`: those in none.
    pub section: Option<Option<String>>,
    /// Threads of this project only.
    pub project: Option<String>,
    /// Threads that this user started, and those of nobody, only; `Some(None)`: those of nobody.
    pub creator: Option<Option<ThreadCreator>>,
}

/// Folders of a list that are followed to where they are.
const MAX_FOLLOWED: usize = 256;

impl ListQuery {
    /// Folders count as they are written, and as what they are with all links followed: threads have either.
    pub(super) async fn follow_links(&mut self) {
        let Some(cwds) = &mut self.cwds else { return };
        let written = cwds.clone();
        let real = in_background(READ_TIMEOUT, move || {
            let written = written.iter().take(MAX_FOLLOWED);
            written
                .filter_map(|cwd| cwd.canonicalize().ok())
                .collect::<Vec<_>>()
        });
        for cwd in real.await.unwrap_or_default() {
            if !cwds.contains(&cwd) {
                cwds.push(cwd);
            }
        }
    }
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            limit: 25,
            cursor: None,
            sort: SortKey::Created,
            descending: true,
            archived: false,
            sources: Vec::new(),
            providers: Vec::new(),
            cwds: None,
            search: None,
            excluded: HashSet::new(),
            included: None,
            parent: None,
            ancestor: None,
            attached_to: None,
            include_attached: false,
            section: None,
            project: None,
            creator: None,
        }
    }
}

/// Orders of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// By beginning.
    Created,
    /// By last change.
    Updated,
    /// By last activity.
    Recency,
    /// By place in the section.
    SectionPosition,
}

/// Kinds of clients and programs that start threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// The command line program.
    Cli,
    /// An editor, or any client of an app server.
    Vscode,
    /// The non-interactive program.
    Exec,
    /// Recorded as `mcp`.
    AppServer,
    /// Any sub-agent.
    SubAgent,
    /// A review.
    SubAgentReview,
    /// A compaction.
    SubAgentCompact,
    /// Spawned by an agent.
    SubAgentThreadSpawn,
    /// Any other sub-agent.
    SubAgentOther,
    /// Anything else.
    Unknown,
}

impl SourceKind {
    fn covers(self, source: &Value) -> bool {
        let word = source.as_str();
        let agent = source.get("subagent");
        let agent_word = agent.and_then(Value::as_str);
        match self {
            Self::Cli => word == Some("cli"),
            Self::Vscode => word == Some("vscode"),
            Self::Exec => word == Some("exec"),
            Self::AppServer => word == Some("mcp"),
            Self::SubAgent => agent.is_some(),
            Self::SubAgentReview => agent_word == Some("review"),
            Self::SubAgentCompact => agent_word == Some("compact"),
            Self::SubAgentThreadSpawn => agent.is_some_and(|a| a.get("thread_spawn").is_some()),
            Self::SubAgentOther => agent.is_some_and(|a| a.get("other").is_some()),
            Self::Unknown => agent.is_none() && !matches!(word, Some("cli" | "vscode" | "exec" | "mcp")),
        }
    }
}

/// A page of a list.
#[derive(Debug, Clone, Default)]
pub struct ListPage {
    /// Rows.
    pub threads: Vec<ThreadInfo>,
    /// How far each was read, in the same order.
    pub read_states: Vec<crate::ReadState>,
    /// A cursor behind each row.
    pub(crate) cursors: Vec<String>,
    /// Goes on behind the last row; `None` at the end.
    pub next_cursor: Option<String>,
    /// Begins at the first row, for the opposite order.
    pub backwards_cursor: Option<String>,
}

pub(super) fn list(state: &mut State, query: &ListQuery) -> Result<ListPage> {
    state.directory.refresh();
    state.names.refresh();
    if query.section.is_some() || query.project.is_some() {
        // Without it, no thread would seem to be in the section or project.
        state.data.read(|_| Ok(()))?;
    }
    let limit = query.limit.clamp(1, 100);
    if query.sort == SortKey::SectionPosition {
        return by_position(state, query, limit);
    }
    let cursor = query.cursor.as_deref().map(ListCursor::parse).transpose()?;
    // One more row tells whether there is another page.
    let mut found: Vec<(i64, ThreadInfo)> = Vec::with_capacity(limit + 1);
    match query.sort {
        SortKey::Created => {
            let mut start = cursor.map(|c| start_key(c, query.descending));
            // In batches, because rows are looked up with the directory at hand.
            while found.len() <= limit {
                let wanted = limit + 1 - found.len();
                let mut batch: Vec<Rollout> = Vec::with_capacity(wanted);
                state.directory.walk(
                    query.archived,
                    query.descending,
                    start,
                    query.included.as_ref(),
                    |rollout| {
                        batch.push(rollout.clone());
                        batch.len() < wanted
                    },
                );
                let Some(last) = batch.last() else { break };
                start = Some(last.key);
                for rollout in &batch {
                    if let Some(info) = matching(state, query, rollout) {
                        found.push((rollout.key.begun_ms, info));
                    }
                }
            }
        }
        SortKey::Updated | SortKey::Recency | SortKey::SectionPosition => {
            by_change(state, query, cursor, limit, &mut found);
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let place = |(at_ms, info): &(i64, ThreadInfo), exact: bool| {
        let id = exact.then_some(info.id);
        ListCursor { at_ms: *at_ms, id }.to_string()
    };
    Ok(ListPage {
        next_cursor: found.last().filter(|_| more).map(|row| place(row, true)),
        backwards_cursor: found.first().map(|row| place(row, false)),
        cursors: found.iter().map(|row| place(row, true)).collect(),
        threads: found.into_iter().map(|(_, info)| info).collect(),
        read_states: Vec::new(),
    })
}

/// The time in a cursor, for the opposite order.
pub(super) fn cursor_without_id(cursor: &str) -> String {
    cursor.split('|').next().unwrap_or(cursor).to_owned()
}

/// Orders by modification time: every file has to be asked for it.
fn by_change(
    state: &mut State,
    query: &ListQuery,
    cursor: Option<ListCursor>,
    limit: usize,
    found: &mut Vec<(i64, ThreadInfo)>,
) {
    let mut all = state.directory.changes(query.archived);
    all.sort_unstable_by_key(|(at, key)| (*at, key.id));
    if query.descending {
        all.reverse();
    }
    let behind = |at: i64, id: ThreadId| match cursor {
        None => true,
        Some(ListCursor {
            at_ms,
            id: Some(after),
        }) if query.descending => (at, id) < (at_ms, after),
        Some(ListCursor {
            at_ms,
            id: Some(after),
        }) => (at, id) > (at_ms, after),
        Some(ListCursor { at_ms, id: None }) if query.descending => at <= at_ms,
        Some(ListCursor { at_ms, id: None }) => at >= at_ms,
    };
    for (at, key) in all {
        if behind(at, key.id)
            && query.included.as_ref().is_none_or(|ids| ids.contains(&key.id))
            && let Some(rollout) = state.directory.rollout(key, query.archived)
            && let Some(info) = matching(state, query, &rollout)
        {
            found.push((at, info));
            if found.len() > limit {
                break;
            }
        }
    }
}

/// Orders by place in the section that the query names.
fn by_position(state: &mut State, query: &ListQuery, limit: usize) -> Result<ListPage> {
    let start = query.cursor.as_deref().map(PositionCursor::parse).transpose()?;
    let mut members: Vec<PositionCursor> = state
        .section_places()?
        .into_iter()
        .filter(|(_, place)| {
            query
                .section
                .as_ref()
                .is_some_and(|wanted| wanted.as_ref() == Some(&place.id))
        })
        .map(|(id, place)| PositionCursor {
            position: place.position,
            id,
        })
        .collect();
    members.sort_by(PositionCursor::order);
    if query.descending {
        members.reverse();
    }
    let behind = |member: &PositionCursor| {
        start.as_ref().is_none_or(|start| {
            let order = member.order(start);
            if query.descending {
                order.is_lt()
            } else {
                order.is_gt()
            }
        })
    };
    let mut found: Vec<(PositionCursor, ThreadInfo)> = Vec::new();
    for member in members.into_iter().filter(behind) {
        let rollout = state.directory.all(member.id).pop();
        if let Some(rollout) = rollout.filter(|r| r.archived == query.archived)
            && let Some(info) = matching(state, query, &rollout)
        {
            found.push((member, info));
            if found.len() > limit {
                break;
            }
        }
    }
    let more = found.len() > limit;
    found.truncate(limit);
    Ok(ListPage {
        next_cursor: found.last().filter(|_| more).map(|(place, _)| place.to_string()),
        backwards_cursor: found.first().map(|(place, _)| place.to_string()),
        cursors: Vec::new(),
        threads: found.into_iter().map(|(_, info)| info).collect(),
        read_states: Vec::new(),
    })
}

fn start_key(cursor: ListCursor, descending: bool) -> Key {
    let (id, revert) = match (cursor.id, descending) {
        (Some(id), true) => (id, None),
        (Some(id), false) => (id, Some(Uuid::max())),
        (None, true) => (ThreadId(Uuid::max()), Some(Uuid::max())),
        (None, false) => (ThreadId(Uuid::nil()), None),
    };
    Key {
        begun_ms: cursor.at_ms,
        id,
        revert,
    }
}

/// The row of a file if the query wants it. Threads in which no user has spoken are not listed.
fn matching(state: &mut State, query: &ListQuery, rollout: &Rollout) -> Option<ThreadInfo> {
    let id = &rollout.key.id;
    if query.excluded.contains(id) || query.included.as_ref().is_some_and(|ids| !ids.contains(id)) {
        return None;
    }
    let (stamp, row) = state.row(rollout)?;
    if row.preview.is_none() && !is_path_agent(&row.meta.source) {
        return None;
    }
    let info = row.info(rollout, stamp, &state.default_provider);
    let source_fits = if query.sources.is_empty() {
        SourceKind::Cli.covers(&info.source) || SourceKind::Vscode.covers(&info.source)
    } else {
        query.sources.iter().any(|kind| kind.covers(&info.source))
    };
    let attached_fits = match query.attached_to {
        Some(owner) => info.attached_to == Some(owner),
        None => query.include_attached || info.attached_to.is_none(),
    };
    if !(source_fits || query.parent.is_some() || query.ancestor.is_some())
        || !attached_fits
        || !(query.providers.is_empty() || query.providers.contains(&info.model_provider))
        || query.cwds.as_ref().is_some_and(|cwds| !cwds.contains(&info.cwd))
        || query
            .creator
            .as_ref()
            .is_some_and(|wanted| info.creator.is_some() && info.creator != *wanted)
        || query.parent.is_some_and(|parent| info.parent != Some(parent))
        || query
            .ancestor
            .is_some_and(|ancestor| !descends(state, &info, ancestor))
    {
        return None;
    }
    let info = state.with_user_metadata(info);
    if query.project.is_some() && query.project != info.project {
        return None;
    }
    let section = info.section.as_ref().map(|place| &place.id);
    if query
        .section
        .as_ref()
        .is_some_and(|wanted| wanted.as_ref() != section)
    {
        return None;
    }
    let title = info.name.as_deref().unwrap_or(&info.preview);
    let search_fits = query.search.as_deref().is_none_or(|part| title.contains(part));
    search_fits.then_some(info)
}

fn descends(state: &mut State, info: &ThreadInfo, ancestor: ThreadId) -> bool {
    let mut parent = info.parent;
    for _ in 0..100 {
        match parent {
            None => return false,
            Some(id) if id == ancestor => return true,
            Some(id) => {
                let rollout = state.directory.all(id).pop();
                parent = rollout
                    .and_then(|rollout| state.row(&rollout))
                    .and_then(|(_, row)| row.meta.parent_thread_id);
            }
        }
    }
    false
}
