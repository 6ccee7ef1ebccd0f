//! Settings of a thread: from the configuration and the client's choices, and their changes from turn to turn.

use std::path::{Component, Path, PathBuf};

use crate::config::{Config, expand_tilde};
use crate::settings::present_tier;
use crate::{Error, ModeKind, Result, SandboxSetting, SettingsPatch, ThreadSettings};

/// Settings of a new thread: what the client chose, then what the configuration says.
pub(crate) fn initial(
    config: &Config,
    model: String,
    cwd: PathBuf,
    patch: &SettingsPatch,
) -> Result<ThreadSettings> {
    let settings = ThreadSettings {
        model,
        model_provider: config.model_provider.clone(),
        effort: config.model_reasoning_effort.clone(),
        summary: config.model_reasoning_summary,
        service_tier: config.service_tier.clone().map(present_tier),
        workspace_roots: vec![cwd.clone()],
        has_environment: true,
        cwd,
        approval_policy: config.approval_policy.clone(),
        approvals_reviewer: config.approvals_reviewer,
        sandbox_policy: config.sandbox_policy.clone(),
        permission_profile: config.permission_profile.clone(),
        profile_rules: config.profile_rules.clone(),
        personality: config.personality,
        collaboration_mode: ModeKind::Default,
        mode_instructions: None,
        disabled_plugin_ids: Vec::new(),
    };
    patched(config, &settings, patch)
}

/// The settings after a change (docs/contract/turns.md#turn-start), which what the administrator demands may refuse.
pub(crate) fn changed(
    config: &Config,
    current: &ThreadSettings,
    patch: &SettingsPatch,
) -> Result<ThreadSettings> {
    let new = patched(config, current, patch)?;
    config
        .check_change(current, &new)
        .map_err(|violation| Error::invalid(format!("invalid thread settings override: {violation}")))?;
    Ok(new)
}

/// The settings after a change, whatever the administrator demands: [`Config::constrain`] comes later.
pub(crate) fn patched(
    config: &Config,
    current: &ThreadSettings,
    patch: &SettingsPatch,
) -> Result<ThreadSettings> {
    let mut new = current.clone();
    let patch = patch.clone();
    if let Some(model) = patch.model {
        if model.is_empty() {
            return Err(Error::NoModel);
        }
        new.model = model;
    }
    new.effort = patch.effort.or(new.effort);
    new.summary = patch.summary.or(new.summary);
    if let Some(chosen) = patch.service_tier {
        new.service_tier = Some(chosen.map_or_else(|| "default".to_owned(), present_tier));
    }
    if let Some(has_environment) = patch.has_environment {
        if has_environment && !new.has_environment {
            new.workspace_roots = vec![new.cwd.clone()];
        }
        new.has_environment = has_environment;
    }
    if let Some(cwd) = patch.cwd {
        let cwd = folder(&cwd)?;
        if new.workspace_roots == [new.cwd.clone()] {
            new.workspace_roots = vec![cwd.clone()];
        }
        new.cwd = cwd;
    }
    if let Some(roots) = patch.workspace_roots {
        new.workspace_roots = roots;
    }
    if !new.has_environment {
        new.workspace_roots.clear();
    }
    new.approval_policy = patch.approval_policy.unwrap_or(new.approval_policy);
    new.approvals_reviewer = patch.approvals_reviewer.unwrap_or(new.approvals_reviewer);
    match (patch.sandbox_policy, patch.sandbox_mode, patch.permissions) {
        (None, None, None) => {}
        (Some(_), _, Some(_)) => {
            return Err(Error::PermissionsConflict(SandboxSetting::Policy));
        }
        (None, Some(_), Some(_)) => {
            return Err(Error::PermissionsConflict(SandboxSetting::Mode));
        }
        (Some(policy), _, None) => {
            new.sandbox_policy = policy;
            (new.permission_profile, new.profile_rules) = (None, None);
        }
        (None, Some(mode), None) => {
            new.sandbox_policy = config.sandbox_of_mode(mode);
            (new.permission_profile, new.profile_rules) = (None, None);
        }
        (None, None, Some(name)) => {
            apply_profile(config, &mut new, &name)?;
        }
    }
    new.personality = patch.personality.or(new.personality);
    if let Some(mode) = patch.collaboration_mode {
        new.collaboration_mode = mode.mode;
        new.model = mode.settings.model;
        new.effort = mode.settings.reasoning_effort;
        new.mode_instructions = mode.settings.developer_instructions;
    }
    new.disabled_plugin_ids = patch.disabled_plugin_ids.unwrap_or(new.disabled_plugin_ids);
    Ok(new)
}

/// Puts a permission profile in force.
pub(crate) fn apply_profile(config: &Config, settings: &mut ThreadSettings, name: &str) -> Result<()> {
    let chosen = config.sandbox_of_profile(name)?;
    settings.sandbox_policy = chosen.policy;
    settings.permission_profile = Some(chosen.reference);
    settings.profile_rules = chosen.rules;
    Ok(())
}

/// A folder that a client names: an absolute path, `~` and what lies below the user's home, or `.`, the server's own folder.
/// Other relative paths are refused: clients mean their own folder, which need not be the server's.
pub(crate) fn folder(path: &Path) -> Result<PathBuf> {
    let full = expand_tilde(path);
    let reason = if path == Path::new(".") {
        return absolute(path);
    } else if path.as_os_str().is_empty() {
        "it is empty"
    } else if full.as_os_str().as_encoded_bytes().contains(&0) {
        "it contains a null character"
    } else if full.is_absolute() {
        return absolute(&full);
    } else if path.starts_with("~") {
        "the home folder that `~` stands for is not known; set HOME"
    } else {
        "it is a relative path"
    };
    Err(Error::invalid(format!(
        "invalid cwd {:?}: {reason}. Give an absolute path, or one that begins with `~/`.",
        path.to_string_lossy()
    )))
}

/// A path counted from the server's working folder, without `.` and `..`.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path)
        .map_err(|error| Error::internal(format!("the server has no working folder: {error}")))?;
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    Ok(clean)
}
