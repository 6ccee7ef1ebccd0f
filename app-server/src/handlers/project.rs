//! Projects of the user (docs/contract/threads.md#projects).

use std::path::PathBuf;

use codex_app_server_protocol::{
    AbsolutePathBuf, Project, ProjectChangeType, ProjectChanged, ProjectChangedNotification, ProjectCreate,
    ProjectCreateParams, ProjectCreateResponse, ProjectDelete, ProjectDeleteParams, ProjectDeleteResponse,
    ProjectImport, ProjectImportParams, ProjectImportResponse, ProjectList, ProjectListParams,
    ProjectListResponse, ProjectMove, ProjectMoveParams, ProjectMoveResponse, ProjectRead, ProjectReadParams,
    ProjectReadResponse, ProjectRoot, ProjectSortKey, ProjectUpdate, ProjectUpdateParams,
    ProjectUpdateResponse, SortDirection, ThreadProjectUpdated, ThreadProjectUpdatedNotification,
};
use codex_core::{Error, NewProject, ProjectError, ProjectOrder, ProjectPatch, ThreadId};

use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// Rows of a page where the client names no number, and at most.
const PAGE: usize = 100;

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on::<ProjectList, _, _>(list);
    router.on::<ProjectRead, _, _>(read);
    router.on_deferred::<ProjectCreate, _, _>(create);
    router.on_deferred::<ProjectImport, _, _>(import);
    router.on_deferred::<ProjectUpdate, _, _>(update);
    router.on_deferred::<ProjectMove, _, _>(move_project);
    router.on_deferred::<ProjectDelete, _, _>(delete);
}

/// Refuses a project that a thread can't belong to.
pub(super) async fn check_for_thread(cx: &RequestContext, id: &str) -> RpcResult<()> {
    match cx.server.engine.store().check_project(id.to_owned()).await {
        Ok(()) => Ok(()),
        Err(Error::Project(error)) => Err(RpcError::invalid(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Puts a stored thread into a project, or takes it out of any, and tells everybody.
pub(super) async fn assign(cx: &RequestContext, thread: ThreadId, project: Option<String>) -> RpcResult<()> {
    if let Some(id) = &project {
        check_for_thread(cx, id).await?;
    }
    let engine = &cx.server.engine;
    engine.keep(thread).await?;
    if engine.store().assign_project(thread, project.clone()).await? {
        tell_thread(cx, thread, project);
    }
    Ok(())
}

async fn list(cx: RequestContext, params: ProjectListParams) -> RpcResult<ProjectListResponse> {
    let (order, descending) = match (params.sort_key, params.sort_direction) {
        (None, Some(_)) => return Err(RpcError::params("sortDirection requires sortKey")),
        (None, None) => (ProjectOrder::Position, false),
        (Some(ProjectSortKey::Position), direction) => {
            (ProjectOrder::Position, direction == Some(SortDirection::Desc))
        }
        (Some(ProjectSortKey::RecencyAt), direction) => {
            (ProjectOrder::Recency, direction != Some(SortDirection::Asc))
        }
    };
    let limit = params.limit.map_or(PAGE, |limit| (limit as usize).clamp(1, PAGE));
    let store = cx.server.engine.store();
    let (projects, next_cursor) = store.projects(order, descending, params.cursor, limit).await?;
    Ok(ProjectListResponse {
        data: projects.into_iter().map(to_wire).collect(),
        next_cursor,
    })
}

async fn read(cx: RequestContext, params: ProjectReadParams) -> RpcResult<ProjectReadResponse> {
    let project = cx.server.engine.store().project(params.project_id).await?;
    Ok(ProjectReadResponse {
        project: to_wire(project),
    })
}

/// Makes a project. The answer comes first, then `project/changed` for everybody.
async fn create(cx: RequestContext, params: ProjectCreateParams, responder: Responder<ProjectCreate>) {
    let new = NewProject {
        key: params.idempotency_key,
        name: params.name,
        roots: roots(&params.roots),
        metadata: params.metadata.unwrap_or_default(),
        threads: Vec::new(),
    };
    match cx.server.engine.store().create_project(new).await {
        Ok((project, created)) => {
            let id = project.id.clone();
            responder.send(Ok(ProjectCreateResponse {
                project: to_wire(project),
            }));
            if created {
                tell(&cx, id, ProjectChangeType::Created);
            }
        }
        Err(error) => responder.send(Err(error.into())),
    }
}

/// Makes a project of threads that there are.
async fn import(cx: RequestContext, params: ProjectImportParams, responder: Responder<ProjectImport>) {
    let engine = &cx.server.engine;
    let mut threads = Vec::new();
    for text in params.threads.into_iter().flatten() {
        let Ok(id) = text.parse::<ThreadId>() else {
            let error = Error::from(ProjectError::ThreadNotFound(text));
            return responder.send(Err(error.into()));
        };
        // A loaded one may have no file yet.
        if engine.thread(id).is_some()
            && let Err(error) = engine.keep(id).await
        {
            return responder.send(Err(error.into()));
        }
        threads.push(id);
    }
    let new = NewProject {
        key: params.idempotency_key,
        name: params.name,
        roots: roots(&params.roots),
        metadata: params.metadata.unwrap_or_default(),
        threads: threads.clone(),
    };
    match engine.store().create_project(new).await {
        Ok((project, created)) => {
            let id = project.id.clone();
            responder.send(Ok(ProjectImportResponse {
                project: to_wire(project),
            }));
            if created {
                tell(&cx, id.clone(), ProjectChangeType::Created);
                for thread in threads {
                    tell_thread(&cx, thread, Some(id.clone()));
                }
            }
        }
        Err(error) => responder.send(Err(error.into())),
    }
}

async fn update(cx: RequestContext, params: ProjectUpdateParams, responder: Responder<ProjectUpdate>) {
    let patch = ProjectPatch {
        name: params.name,
        roots: params.roots.as_deref().map(roots),
        metadata: params.metadata,
    };
    let store = cx.server.engine.store();
    match store.update_project(params.project_id.clone(), patch).await {
        Ok((project, changed)) => {
            responder.send(Ok(ProjectUpdateResponse {
                project: to_wire(project),
            }));
            if changed {
                tell(&cx, params.project_id, ProjectChangeType::Updated);
            }
        }
        Err(error) => responder.send(Err(error.into())),
    }
}

async fn move_project(cx: RequestContext, params: ProjectMoveParams, responder: Responder<ProjectMove>) {
    let id = params.project_id.clone();
    let store = cx.server.engine.store();
    match store
        .move_project(params.project_id, params.before_project_id)
        .await
    {
        Ok(()) => {
            responder.send(Ok(ProjectMoveResponse {}));
            tell(&cx, id, ProjectChangeType::Updated);
        }
        Err(error) => responder.send(Err(error.into())),
    }
}

async fn delete(cx: RequestContext, params: ProjectDeleteParams, responder: Responder<ProjectDelete>) {
    let store = cx.server.engine.store();
    match store.delete_project(params.project_id.clone()).await {
        Ok(threads) => {
            responder.send(Ok(ProjectDeleteResponse {}));
            tell(&cx, params.project_id, ProjectChangeType::Deleted);
            for thread in threads {
                tell_thread(&cx, thread, None);
            }
        }
        Err(error) => responder.send(Err(error.into())),
    }
}

fn tell(cx: &RequestContext, project_id: String, change_type: ProjectChangeType) {
    let params = ProjectChangedNotification {
        change_type,
        project_id,
    };
    cx.server.subscriptions.broadcast::<ProjectChanged>(None, &params);
}

fn tell_thread(cx: &RequestContext, thread: ThreadId, project_id: Option<String>) {
    let params = ThreadProjectUpdatedNotification {
        project_id,
        thread_id: thread.to_string(),
    };
    cx.server
        .subscriptions
        .broadcast::<ThreadProjectUpdated>(Some(thread), &params);
}

fn roots(roots: &[ProjectRoot]) -> Vec<PathBuf> {
    roots.iter().map(|root| root.path.normalized()).collect()
}

fn to_wire(project: codex_core::Project) -> Project {
    Project {
        created_at: project.created_at,
        id: project.id,
        metadata: project.metadata,
        name: project.name,
        recency_at: project.recency_at,
        roots: project
            .roots
            .iter()
            .map(|root| ProjectRoot {
                path: AbsolutePathBuf::from_path(root),
            })
            .collect(),
        updated_at: project.updated_at,
    }
}
