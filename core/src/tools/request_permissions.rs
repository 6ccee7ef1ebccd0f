//! `request_permissions`: asks the user for more than the sandbox allows (docs/contract/tools.md#request-permissions).

use std::path::{Component, Path, PathBuf};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CallContext, PlannedCall, Tool, ToolCall, ToolEnd, arguments, reviewed};
use crate::approval_review::ReviewVerdict;
use crate::outbox::PermissionsQuestion;
use crate::{AdditionalPermissions, ApprovalPolicy, GrantScope, PermissionGrant, ReviewedAction};

/// Most paths that are asked for at once.
const MAX_PATHS: usize = 256;

/// Asks the user for permissions.
#[derive(Debug)]
pub(crate) struct RequestPermissions;

#[derive(Debug, Deserialize)]
struct Arguments {
    reason: Option<String>,
    #[serde(default)]
    permissions: WantedPermissions,
}

/// Permissions as the model writes them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct WantedPermissions {
    file_system: Option<WantedFiles>,
    network: Option<WantedNetwork>,
}

#[derive(Debug, Deserialize)]
struct WantedFiles {
    #[serde(default)]
    read: Option<Vec<PathBuf>>,
    #[serde(default)]
    write: Option<Vec<PathBuf>>,
}

#[derive(Debug, Deserialize)]
struct WantedNetwork {
    enabled: Option<bool>,
}

impl WantedPermissions {
    /// With absolute paths; relative ones count from `cwd`.
    pub(super) fn resolve(&self, cwd: &Path) -> AdditionalPermissions {
        let absolute = |paths: Option<&Vec<PathBuf>>| {
            let paths = paths
                .into_iter()
                .flatten()
                .filter(|path| !path.as_os_str().is_empty());
            paths
                .take(MAX_PATHS)
                .map(|path| without_dots(&cwd.join(path)))
                .collect()
        };
        let files = self.file_system.as_ref();
        AdditionalPermissions {
            read: absolute(files.and_then(|files| files.read.as_ref())),
            write: absolute(files.and_then(|files| files.write.as_ref())),
            network: self
                .network
                .as_ref()
                .and_then(|network| network.enabled)
                .unwrap_or(false),
        }
    }
}

/// How permissions are described to the model.
pub(super) fn permissions_schema(description: &str) -> Value {
    let paths = |what: &str| json!({"type": "array", "items": {"type": "string"}, "description": what});
    json!({
        "type": "object",
        "description": description,
        "properties": {
            "file_system": {
                "type": "object",
                "description": "Files and folders.",
                "properties": {
                    "read": paths("Paths to read."),
                    "write": paths("Paths to read and write."),
                },
                "additionalProperties": false,
            },
            "network": {
                "type": "object",
                "description": "The network.",
                "properties": {
                    "enabled": {"type": "boolean", "description": "True to use the network."},
                },
                "additionalProperties": false,
            },
        },
        "additionalProperties": false,
    })
}

impl Tool for RequestPermissions {
    fn name(&self) -> &'static str {
        "request_permissions"
    }

    fn spec(&self) -> Value {
        json!({
            "type": "function",
            "name": self.name(),
            "description": "Asks the user for permissions beyond the sandbox, for this turn or the whole session. What \
                is granted holds for the commands after this call. Ask for as little as the task needs.",
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "reason": {"type": "string", "description": "One short sentence to the user: what it is for."},
                    "permissions": permissions_schema("What is needed."),
                },
                "required": ["permissions"],
                "additionalProperties": false,
            },
        })
    }

    fn plan<'a>(&'a self, cx: &'a CallContext, call: &'a ToolCall) -> BoxFuture<'a, PlannedCall> {
        std::future::ready(plan(cx, call)).boxed()
    }

    fn runs_alone(&self) -> bool {
        true
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            match arguments(&call) {
                Ok(arguments) => run(&cx, call.call_id, arguments).await,
                Err(end) => end,
            }
        }
        .boxed()
    }
}

async fn run(cx: &CallContext, call_id: String, arguments: Arguments) -> ToolEnd {
    let wanted = arguments.permissions.resolve(&cx.settings.cwd);
    if wanted.is_empty() {
        return ToolEnd::text("request_permissions requires at least one permission");
    }
    let may_ask = may_ask(&cx.settings.approval_policy);
    let grant = if wanted.is_within(&cx.approvals.granted(&cx.turn_id)) {
        PermissionGrant {
            permissions: wanted,
            ..PermissionGrant::default()
        }
    } else if let Some(reviewer) = cx.reviewer.as_ref().filter(|_| may_ask) {
        let (action, details) = planned(&wanted, arguments.reason);
        match reviewed::judge(cx, reviewer, &call_id, action, details).await {
            ReviewVerdict::Approved => PermissionGrant {
                permissions: wanted,
                ..PermissionGrant::default()
            },
            ReviewVerdict::Rejected { text, stop } => {
                let mut output = told(&PermissionGrant::default());
                output["reason"] = text.into();
                return reviewed::rejected(cx, output.to_string(), stop);
            }
            ReviewVerdict::Aborted => return ToolEnd::text("aborted by user"),
        }
    } else if may_ask {
        let begin = tokio::time::Instant::now();
        let asked = cx.outbox.request_permissions(PermissionsQuestion {
            turn_id: cx.turn_id.clone(),
            item_id: call_id.as_str().into(),
            reason: arguments.reason,
            cwd: cx.settings.cwd.clone(),
            permissions: wanted.clone(),
        });
        let answer = tokio::select! {
            biased;
            () = cx.cancel.cancelled() => return super::exec_command::aborted(begin.elapsed()),
            answer = asked => answer,
        };
        let may_be_kept =
            !answer.strict_review || (answer.scope == GrantScope::Turn && cx.guardian.is_some());
        if may_be_kept {
            PermissionGrant {
                // The user can give less than was asked for, and nothing else.
                permissions: answer.permissions.common(&wanted),
                ..answer
            }
        } else {
            // The condition can't be met for longer than the turn: nothing is granted.
            PermissionGrant::default()
        }
    } else {
        PermissionGrant::default()
    };
    cx.approvals.grant(&cx.turn_id, &grant);
    cx.record.succeeded(ToolEnd::text(told(&grant).to_string()))
}

/// Whether the user may be asked for permissions.
fn may_ask(policy: &ApprovalPolicy) -> bool {
    match policy {
        ApprovalPolicy::Never => false,
        ApprovalPolicy::Granular(granular) => granular.request_permissions,
        ApprovalPolicy::OnRequest | ApprovalPolicy::Untrusted => true,
    }
}

/// See [`Tool::plan`].
fn plan(cx: &CallContext, call: &ToolCall) -> PlannedCall {
    let arguments: Arguments = match arguments(call) {
        Ok(arguments) => arguments,
        Err(end) => return PlannedCall::Refused(end.into_text()),
    };
    let wanted = arguments.permissions.resolve(&cx.settings.cwd);
    if wanted.is_within(&cx.approvals.granted(&cx.turn_id)) {
        return PlannedCall::NoApproval;
    }
    if !may_ask(&cx.settings.approval_policy) {
        return PlannedCall::Refused("permissions can't be requested under the approval policy".to_owned());
    }
    let (action, details) = planned(&wanted, arguments.reason);
    PlannedCall::NeedsApproval(action, details)
}

/// Permissions as they are judged.
fn planned(permissions: &AdditionalPermissions, reason: Option<String>) -> (ReviewedAction, Value) {
    let grant = PermissionGrant {
        permissions: permissions.clone(),
        ..PermissionGrant::default()
    };
    let details = json!({
        "tool": "request_permissions",
        "permissions": told(&grant)["permissions"],
        "holds_for": "this turn",
        "reason": reason,
    });
    let permissions = permissions.clone();
    (ReviewedAction::Permissions { reason, permissions }, details)
}

/// What the model sees of a grant.
fn told(grant: &PermissionGrant) -> Value {
    let PermissionGrant {
        permissions,
        scope,
        strict_review,
    } = grant;
    let mut files = serde_json::Map::new();
    for (name, paths) in [("read", &permissions.read), ("write", &permissions.write)] {
        if !paths.is_empty() {
            files.insert(
                name.to_owned(),
                json!(
                    paths
                        .iter()
                        .map(|path| path.to_string_lossy())
                        .collect::<Vec<_>>()
                ),
            );
        }
    }
    let network = permissions.network.then(|| json!({"enabled": true}));
    let files = (!files.is_empty()).then_some(files);
    let scope = match scope {
        GrantScope::Turn => "turn",
        GrantScope::Session => "session",
    };
    let mut told = json!({"permissions": {"network": network, "file_system": files}, "scope": scope});
    if *strict_review {
        told["strict_auto_review"] = true.into();
    }
    told
}

/// A path without `.` and `..`, by its text alone.
pub(super) fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}
