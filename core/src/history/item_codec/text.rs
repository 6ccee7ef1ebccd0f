//! Shapes of what was said: by the user, the model and hooks.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::MessagePhase;
use crate::history::input_codec::FileInput;

#[derive(Serialize, Deserialize)]
pub(super) struct User<'a> {
    #[serde(borrow, default)]
    pub(super) id: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) content: Vec<FileInput>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Agent<'a> {
    #[serde(borrow, default)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) content: Vec<AgentPart<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<MessagePhase>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AgentPart<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) text: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Reasoning<'a> {
    #[serde(borrow, default)]
    pub(super) id: Cow<'a, str>,
    #[serde(default)]
    pub(super) summary_text: Vec<Cow<'a, str>>,
    #[serde(default)]
    pub(super) raw_content: Vec<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Plan<'a> {
    #[serde(borrow, default)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) text: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Hook<'a> {
    #[serde(borrow, default)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) fragments: Vec<HookFragment<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct HookFragment<'a> {
    #[serde(borrow, default)]
    pub(super) hook_run_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) text: Cow<'a, str>,
}

#[derive(Serialize)]
pub(super) struct Bare<'a> {
    pub(super) id: Cow<'a, str>,
}
