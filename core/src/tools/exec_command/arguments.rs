//! What the model passes.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::ToolEnd;
use super::super::request_permissions::WantedPermissions;
use crate::safety::Wish;

#[derive(Debug, Deserialize)]
pub(super) struct Arguments {
    pub(super) cmd: String,
    pub(super) workdir: Option<PathBuf>,
    pub(super) shell: Option<String>,
    pub(super) login: Option<bool>,
    #[serde(default)]
    pub(super) tty: bool,
    pub(super) yield_time_ms: Option<u64>,
    pub(super) max_output_tokens: Option<usize>,
    #[serde(default)]
    sandbox_permissions: Option<SandboxPermissions>,
    additional_permissions: Option<WantedPermissions>,
    pub(super) justification: Option<String>,
    pub(super) prefix_rule: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SandboxPermissions {
    UseDefault,
    RequireEscalated,
    WithAdditionalPermissions,
}

impl Arguments {
    /// What the model asks for beyond running the command, or what is wrong with that. `permissions`: it may ask for
    /// more than the sandbox allows. Relative paths count from `cwd`.
    pub(super) fn wish(&self, permissions: bool, cwd: &Path) -> Result<Wish, ToolEnd> {
        if self.justification.is_some() && self.sandbox_permissions.is_none() {
            return Err(ToolEnd::text(
                "`justification` goes with an explicit `sandbox_permissions`: call it again with \
                 `sandbox_permissions: \"require_escalated\"` to run the command outside of the sandbox, or without \
                 `justification`",
            ));
        }
        match (self.sandbox_permissions, &self.additional_permissions) {
            (Some(SandboxPermissions::WithAdditionalPermissions), _) if !permissions => Err(ToolEnd::text(
                "exec_command failed: additional permissions are not available here; call it again with \
                 `sandbox_permissions: \"require_escalated\"` to run the command outside of the sandbox",
            )),
            (Some(SandboxPermissions::WithAdditionalPermissions), wanted) => {
                let wanted = wanted.as_ref().map(|wanted| wanted.resolve(cwd));
                match wanted.filter(|wanted| !wanted.is_empty()) {
                    Some(wanted) => Ok(Wish::Additional(wanted)),
                    None => Err(ToolEnd::text(
                        "exec_command failed: `with_additional_permissions` requires at least one permission in \
                         `additional_permissions`",
                    )),
                }
            }
            (_, Some(_)) => Err(ToolEnd::text(
                "exec_command failed: `additional_permissions` goes with `sandbox_permissions: \
                 \"with_additional_permissions\"`",
            )),
            (Some(SandboxPermissions::RequireEscalated), None) => Ok(Wish::Escalated),
            (Some(SandboxPermissions::UseDefault) | None, None) => Ok(Wish::Default),
        }
    }
}
