//! What is known of a model (docs/contract/backend.md#models-endpoint): one type for the built-in list, the models endpoint and
//! its cache file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ReasoningSummary;

/// A model. Fields without a default must be there for an entry of the endpoint to be read at all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// What requests call it.
    pub slug: String,
    /// Name, for people.
    pub display_name: String,
    /// What it is good for, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Effort unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_reasoning_level: Option<String>,
    /// Efforts to choose from.
    pub supported_reasoning_levels: Vec<ReasoningLevel>,
    /// Its kind of shell tool.
    pub shell_type: ShellType,
    /// Who gets to see it.
    pub visibility: Visibility,
    /// Whether API keys may use it.
    pub supported_in_api: bool,
    /// Place in lists, smallest first.
    pub priority: i64,
    /// Instructions made for it. Read from `model_messages.instructions_template` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_instructions: Option<String>,
    /// The newer form of `base_instructions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_messages: Option<ModelMessages>,
    /// Whether it takes a verbosity.
    pub support_verbosity: bool,
    /// Verbosity unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_verbosity: Option<String>,
    /// Reasoning summary unless told.
    #[serde(default = "auto_summary")]
    pub default_reasoning_summary: ReasoningSummary,
    /// How it writes patches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apply_patch_tool_type: Option<ApplyPatchKind>,
    /// What its web searches bring.
    #[serde(default)]
    pub web_search_tool_type: WebSearchKind,
    /// Whether it can search for tools that are not shown to it at first.
    #[serde(default)]
    pub supports_search_tool: bool,
    /// How much of a tool's output it gets.
    pub truncation_policy: TruncationPolicy,
    /// Tokens that it can work with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<i64>,
    /// Most tokens that a user may configure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_context_window: Option<i64>,
    /// Share of the window that a thread may fill, in percent.
    #[serde(default = "default_percent")]
    pub effective_context_window_percent: i64,
    /// Tokens at which the history is summed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_compact_token_limit: Option<i64>,
    /// What it takes.
    #[serde(default = "text_and_image")]
    pub input_modalities: Vec<InputModality>,
    /// Service tiers to choose from.
    #[serde(default)]
    pub service_tiers: Vec<ServiceTier>,
    /// Service tier unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_service_tier: Option<String>,
    /// A newer model that replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<ModelUpgrade>,
    /// What to tell users who meet it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_nux: Option<AvailabilityNux>,
    /// What it is made for, if not everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_specialty: Option<String>,
    /// Tools that are tried out with it.
    pub experimental_supported_tools: Vec<String>,
    /// Uses a WebSocket even if the provider does not say that it has them.
    #[serde(default)]
    pub prefer_websockets: bool,
    /// Histories of models that differ here don't fit each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comp_hash: Option<String>,
    /// What we don't look at, kept for the cache file.
    #[serde(flatten)]
    pub other: serde_json::Map<String, Value>,
}

/// The effort that stands for the strongest there is, and for work that is shared out.
const ULTRA: &str = "ultra";

/// An effort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasoningLevel {
    /// The word for it.
    pub effort: String,
    /// What it is good for, for people.
    pub description: String,
}

/// Texts made for a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMessages {
    /// Base instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions_template: Option<String>,
}

/// Kind of shell tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShellType {
    /// Whatever is usual.
    Default,
    /// The API's own.
    Local,
    /// Commands that go on between calls.
    #[serde(alias = "shell_command")]
    UnifiedExec,
    /// None.
    Disabled,
}

/// Who gets to see a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody.
    List,
    /// Those who ask for hidden models too.
    Hide,
    /// Nobody.
    None,
}

/// How a model writes patches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyPatchKind {
    /// As free text.
    Freeform,
}

/// What web searches bring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebSearchKind {
    /// Text.
    #[default]
    Text,
    /// Text and pictures.
    TextAndImage,
}

/// How much of a tool's output a model gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruncationPolicy {
    /// What is counted.
    pub mode: TruncationMode,
    /// How many.
    pub limit: i64,
}

/// What a [`TruncationPolicy`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TruncationMode {
    /// Bytes.
    Bytes,
    /// Tokens.
    Tokens,
}

/// What a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputModality {
    /// Text.
    Text,
    /// Images.
    Image,
    /// Audio.
    Audio,
}

/// A service tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTier {
    /// What requests call it.
    pub id: String,
    /// Name, for people.
    pub name: String,
    /// What it gives, for people.
    pub description: String,
}

/// A model that replaces another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelUpgrade {
    /// Its slug.
    pub model: String,
    /// What changes, in Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_markdown: Option<String>,
    /// What changes, in short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_copy: Option<String>,
    /// A page about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_link: Option<String>,
    /// When the old one ends, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retirement_at: Option<i64>,
}

/// What to tell users who meet a model first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvailabilityNux {
    /// The text.
    pub message: String,
}

fn auto_summary() -> ReasoningSummary {
    ReasoningSummary::Auto
}

fn default_percent() -> i64 {
    95
}

fn text_and_image() -> Vec<InputModality> {
    vec![InputModality::Text, InputModality::Image]
}

/// Tokens of a model of which nothing else is known.
pub(super) const COMMON_WINDOW: i64 = 272_000;
/// Tokens of the largest window that is believed: what a server or a user says beyond that is a mistake.
const LARGEST_WINDOW: i64 = 1 << 40;

impl ModelInfo {
    /// The tier that its servers are asked for where somebody has chosen `tier`: none for `default`, and none for one that
    /// the model isn't offered in. No model lists `flex`, and all may be asked for it.
    pub(crate) fn requested_tier<'a>(&self, tier: &'a str) -> Option<&'a str> {
        match tier {
            "default" => None,
            "flex" => Some(tier),
            _ => self
                .service_tiers
                .iter()
                .any(|offered| offered.id == tier)
                .then_some(tier),
        }
    }

    /// Whether the choice of this tier makes no difference, because the model isn't offered in it.
    pub(crate) fn lacks_tier(&self, tier: &str) -> bool {
        tier != "default" && self.requested_tier(tier).is_none()
    }

    /// What its servers are told where somebody has chosen `effort`. They don't know `ultra`, which is a way to work with
    /// all the depth that there is: the effort that the catalogue names for such work, else the strongest that the model has
    /// beside it.
    pub(crate) fn effort_to_send<'a>(&'a self, effort: &'a str) -> &'a str {
        if effort != ULTRA {
            return effort;
        }
        if let Some(effort) = self
            .other
            .get("multi_agent_reasoning_effort")
            .and_then(Value::as_str)
        {
            return effort;
        }
        let levels = self.supported_reasoning_levels.iter();
        let strongest = levels
            .map(|level| level.effort.as_str())
            .rfind(|effort| *effort != ULTRA);
        strongest.unwrap_or("medium")
    }

    /// What is assumed of a model that nobody knows.
    pub fn fallback(slug: &str) -> Self {
        Self {
            slug: slug.to_owned(),
            display_name: slug.to_owned(),
            description: None,
            default_reasoning_level: None,
            supported_reasoning_levels: Vec::new(),
            shell_type: ShellType::UnifiedExec,
            visibility: Visibility::None,
            supported_in_api: true,
            priority: 99,
            base_instructions: None,
            model_messages: None,
            support_verbosity: false,
            default_verbosity: None,
            default_reasoning_summary: ReasoningSummary::Auto,
            apply_patch_tool_type: None,
            web_search_tool_type: WebSearchKind::Text,
            supports_search_tool: false,
            truncation_policy: TruncationPolicy {
                mode: TruncationMode::Bytes,
                limit: 10_000,
            },
            context_window: Some(COMMON_WINDOW),
            max_context_window: None,
            effective_context_window_percent: default_percent(),
            auto_compact_token_limit: None,
            input_modalities: text_and_image(),
            service_tiers: Vec::new(),
            default_service_tier: None,
            upgrade: None,
            availability_nux: None,
            model_specialty: None,
            experimental_supported_tools: Vec::new(),
            prefer_websockets: false,
            comp_hash: None,
            other: serde_json::Map::new(),
        }
    }

    /// Tokens of the window: the user's choice within what the model can do, else the model's.
    pub fn window(&self, configured: Option<i64>) -> i64 {
        let own = self.context_window.unwrap_or(COMMON_WINDOW);
        let window = match (configured, self.max_context_window) {
            (Some(configured), Some(max)) => configured.min(max),
            (Some(configured), None) => configured,
            (None, _) => own,
        };
        window.clamp(0, LARGEST_WINDOW)
    }

    /// Tokens that a thread may fill.
    pub fn usable_window(&self, configured: Option<i64>) -> i64 {
        self.window(configured) * self.effective_context_window_percent.clamp(0, 100) / 100
    }

    /// Tokens at which a history is summed up: the user's or the model's limit, at most 90 % of the window.
    pub fn compaction_limit(&self, window: Option<i64>, configured: Option<i64>) -> i64 {
        let most = self.window(window) * 9 / 10;
        configured
            .or(self.auto_compact_token_limit)
            .map_or(most, |limit| limit.min(most))
    }

    /// Which tools start agents (`v1`, `v2`), where the model's entry says so.
    pub fn multi_agent_version(&self) -> Option<&str> {
        self.other.get("multi_agent_version").and_then(Value::as_str)
    }

    /// Instructions that the server made for it.
    pub fn instructions(&self) -> Option<&str> {
        let template = self
            .model_messages
            .as_ref()
            .and_then(|m| m.instructions_template.as_deref());
        template.or(self.base_instructions.as_deref())
    }

    /// The endpoint's entries must bring instructions.
    pub(super) fn is_complete(&self) -> bool {
        self.instructions().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_windows_do_no_harm() {
        let mut info = ModelInfo::fallback("x");
        for (window, percent) in [(i64::MAX, i64::MAX), (i64::MIN, i64::MIN), (-1, 95), (0, 0)] {
            info.context_window = Some(window);
            info.effective_context_window_percent = percent;
            for configured in [None, Some(i64::MAX), Some(i64::MIN)] {
                assert!(info.usable_window(configured) >= 0);
                assert!(info.compaction_limit(configured, configured) <= LARGEST_WINDOW);
            }
        }
    }

    #[test]
    fn limits_follow_from_window_and_configuration() {
        let model = ModelInfo {
            max_context_window: Some(400_000),
            auto_compact_token_limit: Some(300_000),
            ..ModelInfo::fallback("m")
        };
        assert_eq!(model.usable_window(None), 258_400);
        assert_eq!(model.window(Some(1_000_000)), 400_000);
        assert_eq!(model.compaction_limit(None, None), 244_800);
        assert_eq!(model.compaction_limit(None, Some(1_000)), 1_000);
    }
}
