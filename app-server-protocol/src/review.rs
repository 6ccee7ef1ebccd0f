//! Reviews of changes (docs/contract/agents.md#review).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::turn_data::Turn;

crate::rpc::methods! {
    client ReviewStart "review/start" (ReviewStartParams) -> ReviewStartResponse, stable, in Thread, "Reviews changes in a turn of its own.";
}

/// Reviews changes in a turn of its own. A turn that runs is interrupted first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewStartParams {
    /// The thread.
    pub thread_id: String,
    /// What to review.
    pub target: ReviewTarget,
    /// Where the review takes place; inline is the only way.
    #[serde(default)]
    pub delivery: Option<ReviewDelivery>,
}

/// Where a review takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ReviewDelivery {
    /// In the thread itself.
    Inline,
}

/// What is reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ReviewTarget {
    /// Everything that is not committed.
    UncommittedChanges,
    /// What the current branch would bring into another one.
    BaseBranch {
        /// The other branch.
        branch: String,
    },
    /// What one commit changed.
    Commit {
        /// Its hash.
        sha: String,
        /// The first line of its message, to be shown.
        title: Option<String>,
    },
    /// What the user describes.
    Custom {
        /// In their words.
        instructions: String,
    },
}

/// The review has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewStartResponse {
    /// Its turn, with what is reviewed as the user's message.
    pub turn: Turn,
    /// The thread that it takes place in: the one that was named.
    pub review_thread_id: String,
}
