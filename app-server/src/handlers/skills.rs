//! Skills (docs/contract/services.md#skills).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use codex_app_server_protocol::{
    SkillsChanged, SkillsChangedNotification, SkillsConfigWrite, SkillsConfigWriteParams,
    SkillsConfigWriteResponse, SkillsExtraRootsSet, SkillsExtraRootsSetParams, SkillsExtraRootsSetResponse,
    SkillsList, SkillsListParams,
};
use codex_core::Error;
use codex_core::config::{Config, ConfigError, SkillsConfig};
use codex_core::external_file::in_background;
use codex_core::skills::{FolderSkills, SkillProblem, SkillQuery, SkillSelector, switch_skill};

use super::streamed_skills::{self, ListedFolder};
use crate::rpc::error::{RpcError, RpcResult};
use crate::rpc::responder::Responder;
use crate::server::{RequestContext, Router};

/// How long a change of the configuration file may take; it waits for other programs that change it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// Registers the handlers of this family.
pub(crate) fn register(router: &mut Router) {
    router.on_deferred::<SkillsList, _, _>(list);
    router.on_deferred::<SkillsExtraRootsSet, _, _>(set_extra_roots);
    router.on::<SkillsConfigWrite, _, _>(write_config);
}

async fn list(cx: RequestContext, params: SkillsListParams, responder: Responder<SkillsList>) {
    match listed(&cx, params).await {
        Ok(folders) => streamed_skills::send(responder, folders, &cx.server.skill_lists),
        Err(error) => responder.send(Err(error)),
    }
}

async fn listed(cx: &RequestContext, params: SkillsListParams) -> RpcResult<Vec<ListedFolder>> {
    let here = std::env::current_dir().map_err(|error| RpcError::internal(error.to_string()))?;
    let mut cwds = params.cwds;
    if cwds.is_empty() {
        cwds.push(here.to_string_lossy().into_owned());
    }
    let mut folders = Vec::with_capacity(cwds.len().min(64));
    for cwd in cwds {
        let folder = here.join(&cwd);
        let (skills, config) = match skills_of(cx, &folder, params.force_reload).await {
            Ok((config, skills)) => (skills, config.skills.clone()),
            Err(error) => (Arc::new(without_config(folder, &error)), SkillsConfig::default()),
        };
        folders.push(ListedFolder { cwd, skills, config });
    }
    Ok(folders)
}

/// The skills of a folder, and the configuration that holds there.
async fn skills_of(
    cx: &RequestContext,
    cwd: &Path,
    reload: bool,
) -> Result<(Arc<Config>, Arc<FolderSkills>), ConfigError> {
    let source = &cx.server.config;
    let config = Config::load_in_background(source, cwd.to_owned(), Vec::new()).await?;
    cx.server.engine.plugins().refresh(&config).await;
    let query = SkillQuery {
        cwd: cwd.to_owned(),
        project_root_markers: config.project_root_markers.clone(),
        bundled: config.skills.bundled,
        selected: Vec::new(),
    };
    let skills = cx.server.engine.skills().of_folder(&query, reload).await;
    Ok((config, skills))
}

/// What is listed of a folder whose configuration can't be read: nothing says which skills are on.
fn without_config(folder: PathBuf, error: &ConfigError) -> FolderSkills {
    let mut skills = FolderSkills::default();
    skills.problems.push(SkillProblem {
        path: folder,
        message: format!("failed to load configuration: {error}"),
    });
    skills
}

async fn set_extra_roots(
    cx: RequestContext,
    params: SkillsExtraRootsSetParams,
    responder: Responder<SkillsExtraRootsSet>,
) {
    let roots = params.extra_roots.into_iter().map(PathBuf::from).collect();
    if !cx.server.engine.skills().set_extra_roots(roots) {
        responder.send(Err(RpcError::params("extraRoots accepts at most 64 entries")));
        return;
    }
    responder.send(Ok(SkillsExtraRootsSetResponse {}));
    let told = SkillsChangedNotification {};
    cx.server.subscriptions.broadcast::<SkillsChanged>(None, &told);
}

async fn write_config(
    cx: RequestContext,
    params: SkillsConfigWriteParams,
) -> RpcResult<SkillsConfigWriteResponse> {
    let name = params.name.filter(|name| !name.trim().is_empty());
    let selector = match (name, params.path) {
        (Some(name), None) => SkillSelector::Name(name),
        (None, Some(path)) => SkillSelector::Path(path.into()),
        _ => {
            return Err(RpcError::params(
                "skills/config/write requires exactly one of path or name",
            ));
        }
    };
    let home = cx.server.config.codex_home.clone();
    let enabled = params.enabled;
    let switch = move || {
        let meant = selector.without_links();
        switch_skill(&home, &meant, enabled).map(|()| meant)
    };
    let selector = in_background(WRITE_TIMEOUT, switch)
        .await
        .map_err(|error| RpcError::internal(format!("config.toml: {error}")))?
        .map_err(|error| RpcError::internal(error.to_string()))?;
    let here = std::env::current_dir().map_err(|error| RpcError::internal(error.to_string()))?;
    let (config, skills) = skills_of(&cx, &here, false).await.map_err(Error::from)?;
    let effective_enabled = match &selector {
        SkillSelector::Name(name) => config.skills.is_enabled(name, Path::new(""), Path::new("")),
        SkillSelector::Path(path) => {
            let skill = skills
                .skills
                .iter()
                .find(|skill| skill.path == *path || skill.found == *path);
            let name = skill.map_or("", |skill| &skill.name);
            config.skills.is_enabled(name, path, path)
        }
    };
    Ok(SkillsConfigWriteResponse { effective_enabled })
}
