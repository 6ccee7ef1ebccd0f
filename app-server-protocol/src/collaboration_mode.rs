//! Collaboration modes to choose from (docs/contract/services.md#collaboration-modes).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::{ModeKind, ReasoningEffort};

crate::rpc::methods! {
    client CollaborationModeList "collaborationMode/list" (CollaborationModeListParams) -> CollaborationModeListResponse, experimental, in GlobalRead("config"), "Lists the collaboration modes.";
}

/// Asks for the collaboration modes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollaborationModeListParams {}

/// The collaboration modes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollaborationModeListResponse {
    /// All of them.
    pub data: Vec<CollaborationModeMask>,
}

/// What a mode changes; null where it leaves things as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollaborationModeMask {
    /// Its name, for people.
    pub name: String,
    /// The mode.
    pub mode: Option<ModeKind>,
    /// Its model.
    pub model: Option<String>,
    /// How hard the model thinks.
    pub reasoning_effort: Option<ReasoningEffort>,
}
