//! The settings of a thread that is opened again: what was saved with it, and what the request says anew.

use super::Engine;
use super::assemble::export;
use super::files::ThreadFiles;
use super::providers::is_configured;
use crate::history::{SavedSettings, SessionMeta};
use crate::hooks::SessionStartSource;
use crate::session::settings;
use crate::{Error, Result, SandboxPolicy, SettingsPatch, StartThread, ThreadSettings};

impl Engine {
    /// Settings as they were, with the changes that are asked for now: by the overrides of the configuration, and by the
    /// settings themselves. A fork goes on with the configured provider, and its model, if that of its source is not
    /// configured any more.
    pub(super) async fn settings_again(
        &self,
        meta: &SessionMeta,
        saved: &SavedSettings,
        start: &StartThread,
        begins_as: SessionStartSource,
    ) -> Result<(ThreadFiles, ThreadSettings)> {
        let cwd = match &start.settings.cwd {
            Some(cwd) => settings::folder(cwd)?,
            None => saved.cwd.clone().unwrap_or_else(|| meta.cwd.clone()),
        };
        if cwd.as_os_str().is_empty() {
            return Err(Error::NoWorkingFolder);
        }
        let with_project = start.settings.has_environment != Some(false);
        let files = self
            .read_files(cwd.clone(), start.config.clone(), with_project)
            .await?;
        let config = &files.config;
        export(config);
        self.skills.set_plugins(files.plugin_skills.clone());
        let mut saved = without_overridden(saved, start);
        // Settings in full were saved, and not only what one turn used: what they lack was not chosen.
        let in_full = saved.model_provider.is_some();
        let mut provider = saved
            .model_provider
            .take()
            .or_else(|| meta.model_provider.clone());
        provider.take_if(|_| is_overridden(start, "model_provider"));
        if begins_as == SessionStartSource::Fork
            && start.settings.model_provider.is_none()
            && provider.take_if(|id| !is_configured(config, id)).is_some()
        {
            saved.model = None;
        }
        let model = saved
            .model
            .clone()
            .or_else(|| config.model.clone())
            .unwrap_or_else(|| files.models.default_model());
        let mut again = settings::initial(config, model, cwd, &SettingsPatch::default())?;
        let is_default = is_built_in_default(&again, &saved);
        // The effort belongs to the model that it was chosen for.
        let is_same_model = start.settings.model.is_none() || start.settings.model == saved.model;
        if saved.model.is_some() && is_same_model && !is_overridden(start, "model_reasoning_effort") {
            again.effort = saved.effort;
        }
        if let Some(provider) = provider {
            again.model_provider = provider;
        }
        let is_kept = |key| in_full && !is_overridden(start, key);
        take_over(
            &mut again.summary,
            saved.summary,
            is_kept("model_reasoning_summary"),
        );
        take_over(
            &mut again.service_tier,
            saved.service_tier,
            is_kept("service_tier"),
        );
        take_over(&mut again.personality, saved.personality, is_kept("personality"));
        again.approval_policy = saved.approval_policy.unwrap_or(again.approval_policy);
        again.approvals_reviewer = saved.approvals_reviewer.unwrap_or(again.approvals_reviewer);
        if let Some(policy) = saved.sandbox_policy.filter(|_| !is_default) {
            again.sandbox_policy = policy;
            again.permission_profile = saved.permission_profile;
            again.profile_rules = None;
            // What a profile of the user's own means is what the configuration says now.
            if let Some(profile) = again.permission_profile.clone()
                && !profile.id.starts_with(':')
                && !start.settings.chooses_sandbox()
            {
                settings::apply_profile(config, &mut again, &profile.id)?;
            }
        }
        if start.settings.cwd.is_none()
            && let Some(roots) = saved.workspace_roots
        {
            again.workspace_roots = roots;
        }
        // Clients of a fork are not told of a mode, and expect none.
        if let Some(mode) = saved
            .collaboration_mode
            .filter(|_| begins_as != SessionStartSource::Fork)
        {
            again.collaboration_mode = mode.mode;
            again.mode_instructions = mode.settings.developer_instructions;
        }
        again.disabled_plugin_ids = saved.disabled_plugin_ids.unwrap_or_default();
        let mut now = settings::patched(config, &again, &start.settings)?;
        if let Some(provider) = &start.settings.model_provider {
            now.model_provider.clone_from(provider);
        }
        Ok((files, now))
    }
}

/// What was saved, if anything was chosen, or if it is known that nothing was.
fn take_over<T>(now: &mut Option<T>, saved: Option<T>, in_full: bool) {
    if saved.is_some() || in_full {
        *now = saved;
    }
}

/// Whether the overrides of the configuration say something of a key.
fn is_overridden(start: &StartThread, key: &str) -> bool {
    start.config.iter().any(|one| one.is_of(key))
}

/// What was saved, without what the overrides of the configuration say anew.
fn without_overridden(saved: &SavedSettings, start: &StartThread) -> SavedSettings {
    let mut saved = saved.clone();
    let is_new = |key| is_overridden(start, key);
    saved.model.take_if(|_| is_new("model"));
    saved.summary.take_if(|_| is_new("model_reasoning_summary"));
    saved.service_tier.take_if(|_| is_new("service_tier"));
    saved.approval_policy.take_if(|_| is_new("approval_policy"));
    saved.approvals_reviewer.take_if(|_| is_new("approvals_reviewer"));
    saved.personality.take_if(|_| is_new("personality"));
    let is_sandbox = |_: &mut _| is_new("sandbox_mode") || is_new("default_permissions");
    saved.sandbox_policy.take_if(is_sandbox);
    saved
}

/// Whether a writable sandbox without a profile was saved that is just that of the built-in profile which the configuration
/// chooses: clients are told that profile.
fn is_built_in_default(default: &ThreadSettings, saved: &SavedSettings) -> bool {
    matches!(saved.sandbox_policy, Some(SandboxPolicy::WorkspaceWrite { .. }))
        && saved.permission_profile.is_none()
        && default.profile_rules.is_none()
        && saved.sandbox_policy.as_ref() == Some(&default.sandbox_policy)
}
