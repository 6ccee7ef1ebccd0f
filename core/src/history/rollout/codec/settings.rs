//! Settings as rollout files keep them: in `turn_context` lines and in `thread_settings_applied` events.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::settings::{PROTECTED_NAMES, present_tier};
use crate::{
    ApprovalPolicy, ApprovalsReviewer, CollaborationMode, CollaborationSettings, ModeKind,
    PermissionProfileRef, Personality, ReasoningSummary, SandboxPolicy, ThreadSettings,
};

/// What a line tells of the settings; what is `None` is not told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SavedSettings {
    /// Model slug.
    pub model: Option<String>,
    /// Provider id.
    pub model_provider: Option<String>,
    /// Reasoning effort.
    pub effort: Option<String>,
    /// Reasoning summary.
    pub summary: Option<ReasoningSummary>,
    /// Service tier.
    pub service_tier: Option<String>,
    /// Working folder.
    pub cwd: Option<PathBuf>,
    /// Workspace roots.
    pub workspace_roots: Option<Vec<PathBuf>>,
    /// When to ask.
    pub approval_policy: Option<ApprovalPolicy>,
    /// Whom to ask.
    pub approvals_reviewer: Option<ApprovalsReviewer>,
    /// What commands may touch.
    pub sandbox_policy: Option<SandboxPolicy>,
    /// The profile chosen by name.
    pub permission_profile: Option<PermissionProfileRef>,
    /// Personality.
    pub personality: Option<Personality>,
    /// Collaboration mode.
    pub collaboration_mode: Option<CollaborationMode>,
    /// Plugins that are switched off.
    pub disabled_plugin_ids: Option<Vec<String>>,
}

/// Payload of a `turn_context` line.
pub(crate) fn turn_context(
    turn_id: &str,
    root_turn_id: &str,
    s: &ThreadSettings,
    multi_agent_version: &str,
) -> Value {
    let mut out = json!({
        "turn_id": turn_id,
        "root_turn_id": root_turn_id,
        "disabled_plugin_ids": s.disabled_plugin_ids,
        "cwd": s.cwd,
        "approval_policy": s.approval_policy,
        "approvals_reviewer": s.approvals_reviewer,
        "permission_profile": permission_profile(s),
        "model": s.model,
        "collaboration_mode": mode(s),
        "multi_agent_version": multi_agent_version,
        "realtime_active": false,
        "summary": s.summary.unwrap_or(ReasoningSummary::None),
        "sandbox_policy": sandbox(&s.sandbox_policy),
    });
    if let Some(effort) = &s.effort {
        out["effort"] = json!(effort);
    }
    if let Some(profile) = &s.permission_profile {
        out["active_permission_profile"] = profile_ref(profile);
    }
    out
}

/// The `thread_settings` member of a `thread_settings_applied` event.
pub(crate) fn thread_settings(s: &ThreadSettings) -> Value {
    let mut out = json!({
        "model": s.model,
        "model_provider_id": s.model_provider,
        "approval_policy": s.approval_policy,
        "approvals_reviewer": s.approvals_reviewer,
        "requested_approvals_reviewer": s.approvals_reviewer,
        "permission_profile": permission_profile(s),
        "cwd": s.cwd,
        "runtime_workspace_roots": s.workspace_roots,
        "collaboration_mode": mode(s),
        "disabled_plugin_ids": s.disabled_plugin_ids,
    });
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out[key] = value;
        }
    };
    put("service_tier", s.service_tier.as_ref().map(|t| json!(t)));
    put("reasoning_effort", s.effort.as_ref().map(|e| json!(e)));
    put("reasoning_summary", s.summary.map(|r| json!(r)));
    put("personality", s.personality.map(|p| json!(p)));
    put(
        "active_permission_profile",
        s.permission_profile.as_ref().map(profile_ref),
    );
    out
}

fn mode(s: &ThreadSettings) -> CollaborationMode {
    CollaborationMode {
        mode: s.collaboration_mode,
        settings: CollaborationSettings {
            model: s.model.clone(),
            reasoning_effort: s.effort.clone(),
            developer_instructions: s.mode_instructions.clone(),
        },
    }
}

fn profile_ref(profile: &PermissionProfileRef) -> Value {
    match &profile.extends {
        Some(extends) => json!({"id": profile.id, "extends": extends}),
        None => json!({"id": profile.id}),
    }
}

/// The sandbox as the short form that turn contexts carry.
fn sandbox(policy: &SandboxPolicy) -> Value {
    match policy {
        SandboxPolicy::DangerFullAccess => json!({"type": "danger-full-access"}),
        SandboxPolicy::ReadOnly {
            network_access: false,
        } => json!({"type": "read-only"}),
        SandboxPolicy::ReadOnly { network_access: true } => {
            json!({"type": "read-only", "network_access": true})
        }
        SandboxPolicy::ExternalSandbox { network_access } => {
            json!({"type": "external-sandbox", "network_access": network(*network_access)})
        }
        SandboxPolicy::WorkspaceWrite {
            writable_roots,
            network_access,
            exclude_tmpdir_env_var,
            exclude_slash_tmp,
        } => {
            let mut out = json!({
                "type": "workspace-write",
                "network_access": network_access,
                "exclude_tmpdir_env_var": exclude_tmpdir_env_var,
                "exclude_slash_tmp": exclude_slash_tmp,
            });
            if !writable_roots.is_empty() {
                out["writable_roots"] = json!(writable_roots);
            }
            out
        }
    }
}

fn network(on: bool) -> &'static str {
    if on { "enabled" } else { "restricted" }
}

/// The sandbox in full.
fn permission_profile(s: &ThreadSettings) -> Value {
    let special = |kind: &str, access: &str| json!({"path": {"type": "special", "value": {"kind": kind}}, "access": access});
    let path = |path: &Path| json!({"path": {"type": "path", "path": path}, "access": "write"});
    let managed = |entries: Vec<Value>, on: bool| {
        json!({
            "type": "managed",
            "file_system": {"type": "restricted", "entries": entries},
            "network": network(on),
        })
    };
    match &s.sandbox_policy {
        SandboxPolicy::DangerFullAccess => json!({"type": "disabled"}),
        SandboxPolicy::ExternalSandbox { network_access } => {
            json!({"type": "external", "network": network(*network_access)})
        }
        SandboxPolicy::ReadOnly { network_access } => managed(vec![special("root", "read")], *network_access),
        SandboxPolicy::WorkspaceWrite {
            writable_roots,
            network_access,
            exclude_tmpdir_env_var,
            exclude_slash_tmp,
        } => {
            let mut entries = vec![special("root", "read"), path(&s.cwd)];
            if !exclude_slash_tmp {
                entries.push(special("slash_tmp", "write"));
            }
            if !exclude_tmpdir_env_var {
                entries.push(special("tmpdir", "write"));
            }
            entries.extend(writable_roots.iter().map(|root| path(root)));
            entries.extend(PROTECTED_NAMES.iter().map(|name| {
                json!({
                    "path": {"type": "path", "path": s.cwd.join(name)},
                    "access": "read",
                    "missing_path_behavior": "skip",
                })
            }));
            managed(entries, *network_access)
        }
    }
}

/// Either payload, read leniently: a member in an unexpected shape counts as not told.
#[derive(Deserialize, Serialize, Default)]
#[serde(default)]
struct Saved {
    model: Value,
    model_provider_id: Value,
    effort: Value,
    reasoning_effort: Value,
    summary: Value,
    reasoning_summary: Value,
    service_tier: Value,
    cwd: Value,
    runtime_workspace_roots: Value,
    approval_policy: Value,
    approvals_reviewer: Value,
    sandbox_policy: Value,
    permission_profile: Value,
    active_permission_profile: Value,
    personality: Value,
    collaboration_mode: Value,
    disabled_plugin_ids: Value,
}

impl SavedSettings {
    /// Reads the payload of a `turn_context` line.
    pub(crate) fn from_turn_context(raw: &str) -> Option<Self> {
        serde_json::from_str::<Saved>(raw)
            .ok()
            .map(|saved| saved.read(true))
    }

    /// Reads the `thread_settings` member of a `thread_settings_applied` event.
    pub(crate) fn from_thread_settings(raw: &str) -> Option<Self> {
        serde_json::from_str::<Saved>(raw)
            .ok()
            .map(|saved| saved.read(false))
    }

    /// Lays `newer` over this. What an event does not tell but always would (effort, tier, profile) is reset by
    /// `newer.resets`.
    pub(crate) fn update(&mut self, newer: Self) {
        macro_rules! lay { ($($field:ident),*) => { $( if newer.$field.is_some() { self.$field = newer.$field; } )* } }
        // Absent means "none" for these, in either kind of line.
        self.effort = newer.effort;
        self.permission_profile = newer.permission_profile;
        if newer.model_provider.is_some() {
            self.service_tier = newer.service_tier;
            self.summary = newer.summary;
            self.personality = newer.personality;
        }
        lay!(
            model,
            model_provider,
            cwd,
            workspace_roots,
            approval_policy,
            approvals_reviewer,
            sandbox_policy,
            collaboration_mode,
            disabled_plugin_ids
        );
    }
}

fn read<T: for<'a> Deserialize<'a>>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

impl Saved {
    fn read(self, turn_context: bool) -> SavedSettings {
        let cwd: Option<PathBuf> = read(self.cwd);
        let sandbox_policy = read_sandbox(&self.sandbox_policy)
            .or_else(|| read_profile(&self.permission_profile, cwd.as_deref().unwrap_or(Path::new("/"))));
        SavedSettings {
            model: read(self.model),
            model_provider: read(self.model_provider_id),
            effort: read(self.effort).or_else(|| read(self.reasoning_effort)),
            summary: if turn_context {
                None
            } else {
                read(self.summary).or_else(|| read(self.reasoning_summary))
            },
            service_tier: read(self.service_tier).map(present_tier),
            workspace_roots: read(self.runtime_workspace_roots),
            approval_policy: read(self.approval_policy),
            approvals_reviewer: read(self.approvals_reviewer),
            sandbox_policy,
            permission_profile: read_profile_ref(&self.active_permission_profile),
            personality: read(self.personality),
            collaboration_mode: read_mode(&self.collaboration_mode),
            disabled_plugin_ids: read(self.disabled_plugin_ids),
            cwd,
        }
    }
}

fn read_profile_ref(value: &Value) -> Option<PermissionProfileRef> {
    Some(PermissionProfileRef {
        id: value.get("id")?.as_str()?.to_owned(),
        extends: value.get("extends").and_then(Value::as_str).map(str::to_owned),
    })
}

fn read_mode(value: &Value) -> Option<CollaborationMode> {
    let settings = value.get("settings")?;
    let text = |key: &str| settings.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(CollaborationMode {
        mode: match value.get("mode")?.as_str()? {
            "plan" => ModeKind::Plan,
            _ => ModeKind::Default,
        },
        settings: CollaborationSettings {
            model: text("model")?,
            reasoning_effort: text("reasoning_effort"),
            developer_instructions: text("developer_instructions"),
        },
    })
}

/// The short form; older programs wrote `mode` for `type`.
fn read_sandbox(value: &Value) -> Option<SandboxPolicy> {
    let kind = value.get("type").or_else(|| value.get("mode"))?.as_str()?;
    let flag = |key: &str| match value.get(key) {
        Some(Value::Bool(on)) => *on,
        Some(Value::String(word)) => word == "enabled",
        _ => false,
    };
    let network_access = flag("network_access");
    Some(match kind {
        "danger-full-access" => SandboxPolicy::DangerFullAccess,
        "read-only" => SandboxPolicy::ReadOnly { network_access },
        "external-sandbox" => SandboxPolicy::ExternalSandbox { network_access },
        "workspace-write" => SandboxPolicy::WorkspaceWrite {
            writable_roots: value
                .get("writable_roots")
                .cloned()
                .and_then(read)
                .unwrap_or_default(),
            network_access,
            exclude_tmpdir_env_var: flag("exclude_tmpdir_env_var"),
            exclude_slash_tmp: flag("exclude_slash_tmp"),
        },
        _ => return None,
    })
}

/// The full form, as far as it says the same as a short one.
fn read_profile(value: &Value, cwd: &Path) -> Option<SandboxPolicy> {
    let network_access = value.get("network").and_then(Value::as_str) == Some("enabled");
    match value.get("type")?.as_str()? {
        "disabled" => return Some(SandboxPolicy::DangerFullAccess),
        "external" => return Some(SandboxPolicy::ExternalSandbox { network_access }),
        "managed" => {}
        _ => return None,
    }
    let entries = value.get("file_system")?.get("entries")?.as_array()?;
    let writable = || {
        entries
            .iter()
            .filter(|e| e.get("access").and_then(Value::as_str) == Some("write"))
    };
    if writable().next().is_none() {
        return Some(SandboxPolicy::ReadOnly { network_access });
    }
    let kind = |entry: &Value| Some(entry.get("path")?.get("value")?.get("kind")?.as_str()?.to_owned());
    let path = |entry: &Value| Some(PathBuf::from(entry.get("path")?.get("path")?.as_str()?));
    Some(SandboxPolicy::WorkspaceWrite {
        writable_roots: writable().filter_map(path).filter(|root| root != cwd).collect(),
        network_access,
        exclude_tmpdir_env_var: !writable().any(|e| kind(e).as_deref() == Some("tmpdir")),
        exclude_slash_tmp: !writable().any(|e| kind(e).as_deref() == Some("slash_tmp")),
    })
}
