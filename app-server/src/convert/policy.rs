//! What commands may do, and who is asked.

use codex_app_server_protocol as wire;
use codex_app_server_protocol::AbsolutePathBuf;
use codex_core::{
    ApprovalPolicy, ApprovalsReviewer, GranularApproval, PermissionProfileRef, SandboxMode, SandboxPolicy,
};

/// Towards the client.
pub(crate) fn approval_to_wire(policy: &ApprovalPolicy) -> wire::AskForApproval {
    match policy {
        ApprovalPolicy::Untrusted => wire::AskForApproval::Untrusted,
        ApprovalPolicy::OnRequest => wire::AskForApproval::OnRequest,
        ApprovalPolicy::Never => wire::AskForApproval::Never,
        ApprovalPolicy::Granular(switches) => wire::AskForApproval::Granular {
            mcp_elicitations: switches.mcp_elicitations,
            rules: switches.rules,
            sandbox_approval: switches.sandbox_approval,
            request_permissions: switches.request_permissions,
            skill_approval: switches.skill_approval,
        },
    }
}

/// From the client.
pub(crate) fn approval_from_wire(policy: &wire::AskForApproval) -> ApprovalPolicy {
    match *policy {
        wire::AskForApproval::Untrusted => ApprovalPolicy::Untrusted,
        wire::AskForApproval::OnRequest => ApprovalPolicy::OnRequest,
        wire::AskForApproval::Never => ApprovalPolicy::Never,
        wire::AskForApproval::Granular {
            mcp_elicitations,
            rules,
            sandbox_approval,
            request_permissions,
            skill_approval,
        } => ApprovalPolicy::Granular(GranularApproval {
            sandbox_approval,
            rules,
            mcp_elicitations,
            skill_approval,
            request_permissions,
        }),
    }
}

/// Towards the client.
pub(crate) fn reviewer_to_wire(reviewer: ApprovalsReviewer) -> wire::ApprovalsReviewer {
    match reviewer {
        ApprovalsReviewer::User => wire::ApprovalsReviewer::User,
        ApprovalsReviewer::AutoReview => wire::ApprovalsReviewer::AutoReview,
    }
}

/// From the client.
pub(crate) fn reviewer_from_wire(reviewer: wire::ApprovalsReviewer) -> ApprovalsReviewer {
    match reviewer {
        wire::ApprovalsReviewer::User => ApprovalsReviewer::User,
        // The second is a former name.
        wire::ApprovalsReviewer::AutoReview | wire::ApprovalsReviewer::GuardianSubagent => {
            ApprovalsReviewer::AutoReview
        }
    }
}

/// From the client.
pub(crate) fn sandbox_mode_from_wire(mode: wire::SandboxMode) -> SandboxMode {
    match mode {
        wire::SandboxMode::ReadOnly => SandboxMode::ReadOnly,
        wire::SandboxMode::WorkspaceWrite => SandboxMode::WorkspaceWrite,
        wire::SandboxMode::DangerFullAccess => SandboxMode::DangerFullAccess,
    }
}

/// Towards the client.
pub(crate) fn sandbox_to_wire(policy: &SandboxPolicy) -> wire::SandboxPolicy {
    match policy {
        SandboxPolicy::DangerFullAccess => wire::SandboxPolicy::DangerFullAccess,
        SandboxPolicy::ReadOnly { network_access } => wire::SandboxPolicy::ReadOnly {
            network_access: *network_access,
            access: wire::FullReadAccess,
        },
        SandboxPolicy::ExternalSandbox { network_access } => wire::SandboxPolicy::ExternalSandbox {
            network_access: if *network_access {
                wire::NetworkAccess::Enabled
            } else {
                wire::NetworkAccess::Restricted
            },
        },
        SandboxPolicy::WorkspaceWrite {
            writable_roots,
            network_access,
            exclude_tmpdir_env_var,
            exclude_slash_tmp,
        } => wire::SandboxPolicy::WorkspaceWrite {
            exclude_slash_tmp: *exclude_slash_tmp,
            exclude_tmpdir_env_var: *exclude_tmpdir_env_var,
            network_access: *network_access,
            writable_roots: writable_roots
                .iter()
                .map(|root| AbsolutePathBuf::from_path(root))
                .collect(),
            read_only_access: wire::FullReadAccess,
        },
    }
}

/// From the client.
pub(crate) fn sandbox_from_wire(policy: wire::SandboxPolicy) -> SandboxPolicy {
    match policy {
        wire::SandboxPolicy::DangerFullAccess => SandboxPolicy::DangerFullAccess,
        wire::SandboxPolicy::ReadOnly {
            network_access,
            access: wire::FullReadAccess,
        } => SandboxPolicy::ReadOnly { network_access },
        wire::SandboxPolicy::ExternalSandbox { network_access } => SandboxPolicy::ExternalSandbox {
            network_access: network_access == wire::NetworkAccess::Enabled,
        },
        wire::SandboxPolicy::WorkspaceWrite {
            exclude_slash_tmp,
            exclude_tmpdir_env_var,
            network_access,
            writable_roots,
            read_only_access: wire::FullReadAccess,
        } => SandboxPolicy::WorkspaceWrite {
            writable_roots: writable_roots.into_iter().map(Into::into).collect(),
            network_access,
            exclude_tmpdir_env_var,
            exclude_slash_tmp,
        },
    }
}

/// Towards the client.
pub(crate) fn profile_to_wire(profile: &PermissionProfileRef) -> wire::ActivePermissionProfile {
    wire::ActivePermissionProfile {
        id: profile.id.clone(),
        extends: profile.extends.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_survive_the_way_there_and_back() {
        let sandboxes = [
            SandboxPolicy::DangerFullAccess,
            SandboxPolicy::ReadOnly { network_access: true },
            SandboxPolicy::ExternalSandbox { network_access: true },
            SandboxPolicy::ExternalSandbox {
                network_access: false,
            },
            SandboxPolicy::WorkspaceWrite {
                writable_roots: vec!["/w".into()],
                network_access: true,
                exclude_tmpdir_env_var: false,
                exclude_slash_tmp: true,
            },
        ];
        for policy in sandboxes {
            assert_eq!(sandbox_from_wire(sandbox_to_wire(&policy)), policy);
        }
        let granular = ApprovalPolicy::Granular(GranularApproval {
            sandbox_approval: true,
            rules: false,
            mcp_elicitations: true,
            skill_approval: false,
            request_permissions: true,
        });
        for policy in [
            ApprovalPolicy::Untrusted,
            ApprovalPolicy::OnRequest,
            ApprovalPolicy::Never,
            granular,
        ] {
            assert_eq!(approval_from_wire(&approval_to_wire(&policy)), policy);
        }
    }
}
