//! Where commands run.

use std::path::{Path, PathBuf};

use codex_app_server_protocol::{AbsolutePathBuf, LegacyAppPathString, TurnEnvironmentParams};
use codex_core::LOCAL_ENVIRONMENT;
use codex_core::config::expand_tilde;

use super::invalid_params::InvalidParams;

/// What the choice of environments says about the one that there is.
#[derive(Debug, Default)]
pub(crate) struct LocalEnvironment {
    /// Working folder.
    pub(crate) cwd: Option<PathBuf>,
    /// Workspace roots.
    pub(crate) roots: Option<Vec<PathBuf>>,
    /// Whether it is chosen at all.
    pub(crate) is_chosen: Option<bool>,
}

/// Takes the local environment and refuses all others. Commands would run where the client does not expect them.
pub(crate) fn from_wire(
    environments: Option<Vec<TurnEnvironmentParams>>,
) -> Result<LocalEnvironment, InvalidParams> {
    let Some(mut environments) = environments else {
        return Ok(LocalEnvironment::default());
    };
    if let Some(other) = environments
        .iter()
        .find(|chosen| chosen.environment_id != LOCAL_ENVIRONMENT)
    {
        return Err(InvalidParams::refused(format!(
            "unknown turn environment id `{}`",
            other.environment_id
        )));
    }
    let Some(local) = environments.pop() else {
        return Ok(LocalEnvironment {
            is_chosen: Some(false),
            ..LocalEnvironment::default()
        });
    };
    if !environments.is_empty() {
        return Err(InvalidParams::refused("duplicate turn environment id `local`"));
    }
    let absolute = |path: LegacyAppPathString, what: &str| {
        let full = expand_tilde(Path::new(&path.0));
        if full.is_absolute() {
            Ok(full.into_owned())
        } else {
            Err(InvalidParams::refused(format!(
                "invalid {what} for environment `local`: `{}` is not an absolute path",
                path.0
            )))
        }
    };
    let roots = local.runtime_workspace_roots.map(|roots| {
        let roots = roots.into_iter().map(|root| absolute(root, "workspace root"));
        roots.collect::<Result<_, InvalidParams>>()
    });
    Ok(LocalEnvironment {
        cwd: Some(absolute(local.cwd, "cwd")?),
        roots: roots.transpose()?,
        is_chosen: Some(true),
    })
}

/// Paths from the client, which are absolute by their type.
pub(crate) fn absolute_paths(paths: Option<Vec<AbsolutePathBuf>>) -> Option<Vec<PathBuf>> {
    paths.map(|paths| paths.into_iter().map(PathBuf::from).collect())
}
