//! The sandbox of Windows, which this system has not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::AbsolutePathBuf;

crate::rpc::methods! {
    client WindowsSandboxReadiness "windowsSandbox/readiness" () -> WindowsSandboxReadinessResponse, stable, "Tells whether the sandbox of Windows is set up.";
    client WindowsSandboxSetupStart "windowsSandbox/setupStart" (WindowsSandboxSetupStartParams) -> WindowsSandboxSetupStartResponse, stable, "Sets up the sandbox of Windows.";
    notify WindowsSandboxSetupCompleted "windowsSandbox/setupCompleted" (WindowsSandboxSetupCompletedNotification), stable, "That has ended.";
}

/// Whether it is set up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowsSandboxReadinessResponse {
    /// Whether it is.
    pub status: WindowsSandboxReadinessStatus,
}

/// Whether the sandbox of Windows is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WindowsSandboxReadiness")]
pub enum WindowsSandboxReadinessStatus {
    /// It is.
    Ready,
    /// It is not.
    NotConfigured,
    /// It must be set up again.
    UpdateRequired,
}

/// How to set it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowsSandboxSetupStartParams {
    /// For this folder.
    pub cwd: Option<AbsolutePathBuf>,
    /// How.
    pub mode: WindowsSandboxSetupMode,
}

/// How the sandbox of Windows is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WindowsSandboxSetupMode {
    /// As an administrator.
    Elevated,
    /// As the user.
    Unelevated,
}

/// Whether it has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowsSandboxSetupStartResponse {
    /// It has.
    pub started: bool,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowsSandboxSetupCompletedNotification {
    /// Why it failed.
    pub error: Option<String>,
    /// As it was asked.
    pub mode: WindowsSandboxSetupMode,
    /// Whether it is set up now.
    pub success: bool,
}
