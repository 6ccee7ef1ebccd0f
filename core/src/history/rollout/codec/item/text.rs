//! Shapes of what was said: by the user, the model and hooks.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::history::rollout::codec::input::FileInput;
use crate::history::rollout::meta::lenient;
use crate::{MemoryCitation, MessageDelivery, MessagePhase};

#[derive(Serialize, Deserialize)]
pub(crate) struct User<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(crate) content: Vec<FileInput>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Agent<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) content: Vec<AgentPart<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phase: Option<MessagePhase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<MessageDelivery>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "lenient"
    )]
    pub(crate) memory_citation: Option<Cow<'a, MemoryCitation>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct AgentPart<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) text: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Reasoning<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(default)]
    pub(crate) summary_text: Vec<Cow<'a, str>>,
    #[serde(default)]
    pub(crate) raw_content: Vec<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Plan<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) text: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Hook<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) fragments: Vec<HookFragment<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct HookFragment<'a> {
    /// Written as the contract release does; older files of ours have the other name.
    #[serde(borrow, default, rename = "hookRunId", alias = "hook_run_id")]
    pub(crate) hook_run_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) text: Cow<'a, str>,
}

#[derive(Serialize)]
pub(crate) struct Bare<'a> {
    pub(crate) id: Cow<'a, str>,
}
