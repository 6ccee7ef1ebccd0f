//! Lists of threads (docs/contract/threads.md#thread-list).

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use codex_app_server_protocol::{
    SortDirection, ThreadList, ThreadListCwdFilter, ThreadListParams, ThreadListResponse, ThreadSortKey,
    ThreadSourceKind,
};
use codex_core::config::expand_tilde;
use codex_core::history::{ListQuery, SortKey, SourceKind};
use codex_core::{ThreadCreator, ThreadId};

use crate::convert::thread;
use crate::rpc::error::{RpcError, RpcResult};
use crate::server::{RequestContext, Router, parse_thread_id};

/// Rows of a page where the client names no number.
const DEFAULT_LIMIT: usize = 25;

/// Threads that a client may name at most.
const MAX_IDS: usize = 100;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ThreadList, _, _>(list);
}

async fn list(cx: RequestContext, params: ThreadListParams) -> RpcResult<ThreadListResponse> {
    if params
        .originators
        .is_some_and(|originators| !originators.is_empty())
    {
        return Err(RpcError::params(
            "originator filtering is not supported by the local app-server",
        ));
    }
    if params.parent_thread_id.is_some() && params.ancestor_thread_id.is_some() {
        return Err(RpcError::invalid(
            "parentThreadId and ancestorThreadId are mutually exclusive",
        ));
    }
    if params.sort_key == Some(ThreadSortKey::SectionPosition) && params.section_id.is_none() {
        return Err(RpcError::invalid(
            "section-position sorting requires a section filter",
        ));
    }
    if let Some(id) = &params.project_id {
        cx.server.engine.store().check_project(id.clone()).await?;
    }
    let excluded = params.excluded_thread_ids.unwrap_or_default();
    let excluded = id_set(&excluded, "excludedThreadIds", "excluded")?;
    let included = params.included_thread_ids;
    let included = included
        .map(|ids| id_set(&ids, "includedThreadIds", "included"))
        .transpose()?;
    let searches = |term: &String| !term.trim().is_empty();
    if params.include_attached_threads && !params.search_term.as_ref().is_some_and(searches) {
        return Err(RpcError::invalid(
            "includeAttachedThreads requires a non-empty searchTerm",
        ));
    }
    let id = |id: Option<String>| id.as_deref().map(parse_thread_id).transpose();
    let query = ListQuery {
        limit: params.limit.map_or(DEFAULT_LIMIT, |limit| limit as usize),
        cursor: params.cursor,
        sort: match params.sort_key {
            None | Some(ThreadSortKey::CreatedAt) => SortKey::Created,
            Some(ThreadSortKey::UpdatedAt) => SortKey::Updated,
            Some(ThreadSortKey::RecencyAt) => SortKey::Recency,
            Some(ThreadSortKey::SectionPosition) => SortKey::SectionPosition,
        },
        descending: match params.sort_key {
            Some(ThreadSortKey::SectionPosition) => params.sort_direction == Some(SortDirection::Desc),
            _ => params.sort_direction != Some(SortDirection::Asc),
        },
        archived: params.archived.unwrap_or_default(),
        sources: source_kinds(params.source_kinds),
        // An empty list means all of them, none the one that is set.
        providers: params
            .model_providers
            .unwrap_or_else(|| vec![cx.server.engine.store().default_provider().to_owned()]),
        cwds: match params.cwd {
            None => None,
            Some(ThreadListCwdFilter::One(cwd)) => Some(vec![absolute(&cwd)]),
            Some(ThreadListCwdFilter::Many(cwds)) => Some(cwds.iter().map(|cwd| absolute(cwd)).collect()),
        },
        search: params.search_term.filter(|term| !term.is_empty()),
        excluded,
        included,
        parent: id(params.parent_thread_id)?,
        ancestor: id(params.ancestor_thread_id)?,
        attached_to: id(params.attached_to_thread_id)?,
        include_attached: params.include_attached_threads,
        section: params.section_id,
        project: params.project_id,
        creator: current_creator(&cx, params.current_account_only).await,
    };
    let page = cx.server.engine.list_threads(query).await?;
    let states = page.threads.iter().zip(page.read_states);
    let read_states = states
        .filter(|(info, _)| info.has_read_state())
        .map(|(info, state)| (info.id.to_string(), thread::read_state_to_wire(state)))
        .collect();
    Ok(ThreadListResponse {
        read_states: Some(read_states),
        data: page.threads.iter().map(thread::to_list_row).collect(),
        backwards_cursor: page.backwards_cursor,
        next_cursor: page.next_cursor,
    })
}

/// What a list of the threads of the current account asks for.
pub(super) async fn current_creator(cx: &RequestContext, only: bool) -> Option<Option<ThreadCreator>> {
    if only {
        Some(cx.server.engine.creator().await)
    } else {
        None
    }
}

/// A list of threads. `field` and `role` name it in errors.
fn id_set(ids: &[String], field: &str, role: &str) -> RpcResult<HashSet<ThreadId>> {
    if ids.len() > MAX_IDS {
        return Err(RpcError::params(format!(
            "{field} accepts at most {MAX_IDS} entries"
        )));
    }
    ids.iter()
        .map(|id| id.parse())
        .collect::<Result<_, _>>()
        .map_err(|e| RpcError::params(format!("invalid {role} thread id: {e}")))
}

/// `~` is the user's home; a relative folder counts from the server's.
fn absolute(cwd: &str) -> PathBuf {
    let full = expand_tilde(Path::new(cwd));
    std::path::absolute(&full).unwrap_or_else(|_| full.into_owned())
}

/// From the client. Without any, the sources that are listed by default.
pub(super) fn source_kinds(kinds: Option<Vec<ThreadSourceKind>>) -> Vec<SourceKind> {
    kinds.unwrap_or_default().into_iter().map(source_kind).collect()
}

fn source_kind(kind: ThreadSourceKind) -> SourceKind {
    match kind {
        ThreadSourceKind::Cli => SourceKind::Cli,
        ThreadSourceKind::Vscode => SourceKind::Vscode,
        ThreadSourceKind::Exec => SourceKind::Exec,
        ThreadSourceKind::AppServer => SourceKind::AppServer,
        ThreadSourceKind::SubAgent => SourceKind::SubAgent,
        ThreadSourceKind::SubAgentReview => SourceKind::SubAgentReview,
        ThreadSourceKind::SubAgentCompact => SourceKind::SubAgentCompact,
        ThreadSourceKind::SubAgentThreadSpawn => SourceKind::SubAgentThreadSpawn,
        ThreadSourceKind::SubAgentOther => SourceKind::SubAgentOther,
        ThreadSourceKind::Unknown => SourceKind::Unknown,
    }
}
