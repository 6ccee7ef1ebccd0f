//! The models that are known without asking anybody (docs/contract/services.md#models).

use std::sync::{Arc, LazyLock};

use super::model_info::{
    ApplyPatchKind, AvailabilityNux, COMMON_WINDOW, ModelInfo, ModelUpgrade, ReasoningLevel, ServiceTier,
    ShellType, TruncationMode, TruncationPolicy, Visibility, WebSearchKind,
};

/// All of them, in the order of lists.
pub(super) static BUILT_IN: LazyLock<Vec<Arc<ModelInfo>>> = LazyLock::new(|| {
    ROWS.iter()
        .zip(0..)
        .map(|(row, priority)| Arc::new(row.info(priority)))
        .collect()
});

/// Efforts in rising order, and what they are good for.
const EFFORTS: [(&str, &str); 6] = [
    ("low", "Quick answers with little reasoning"),
    ("medium", "A balance of speed and depth for daily work"),
    ("high", "More depth for hard problems"),
    ("xhigh", "Still more depth for hard problems"),
    ("max", "All the depth there is, for the hardest problems"),
    ("ultra", "All the depth there is, and work shared out by itself"),
];

/// What makes a model different from the others.
struct Row {
    slug: &'static str,
    name: &'static str,
    description: &'static str,
    effort: &'static str,
    /// How many of [`EFFORTS`].
    efforts: usize,
    /// The effort of work that is shared out; empty: the strongest.
    shared_effort: &'static str,
    /// How much faster the priority tier is; empty where there is none.
    speed: &'static str,
    priority_by_default: bool,
    upgrade: Option<&'static str>,
    hidden: bool,
    specialty: Option<&'static str>,
    news: Option<&'static str>,
    /// Tokens of the whole window.
    window: i64,
    /// Models of one hash understand each other's histories.
    comp_hash: &'static str,
    /// Tools that other models don't get.
    tools: &'static [&'static str],
}

const COMMON: Row = Row {
    slug: "",
    name: "",
    description: "",
    effort: "medium",
    efforts: 6,
    shared_effort: "",
    speed: "1.5 times the speed",
    priority_by_default: false,
    upgrade: None,
    hidden: false,
    specialty: None,
    news: None,
    window: COMMON_WINDOW,
    comp_hash: "3000",
    tools: &[],
};

const ROWS: [Row; 14] = [
    Row {
        slug: "gpt-6.2-sol",
        name: "GPT-6.2-Sol",
        description: "The newest all-rounder for coding and daily work.",
        effort: "low",
        shared_effort: "xhigh",
        speed: "Twice the speed, more usage",
        window: 500_000,
        tools: &["send_message_to_user_async"],
        ..COMMON
    },
    Row {
        slug: "gpt-6.2-astra",
        name: "GPT-6.2-Astra",
        description: "The strongest model, for the most demanding work.",
        effort: "low",
        shared_effort: "xhigh",
        speed: "Twice the speed, more usage",
        tools: &["send_message_to_user_async"],
        ..COMMON
    },
    Row {
        slug: "gpt-6.1-terra",
        name: "GPT-6.1 Terra",
        description: "For long, straightforward work.",
        effort: "low",
        shared_effort: "xhigh",
        window: 500_000,
        ..COMMON
    },
    Row {
        slug: "gpt-6.1-sol",
        name: "GPT-6.1-Sol",
        description: "The all-rounder of generation 6.1.",
        effort: "low",
        shared_effort: "xhigh",
        speed: "Twice the speed, more usage",
        news: Some("GPT-6.1 Sol comes near Astra on complex work and costs less."),
        window: 500_000,
        ..COMMON
    },
    Row {
        slug: "gpt-6-astra",
        name: "GPT-6-Astra",
        description: "The strongest model of generation 6.",
        effort: "low",
        shared_effort: "xhigh",
        speed: "Twice the speed, more usage",
        ..COMMON
    },
    Row {
        slug: "gpt-6-sol",
        name: "GPT-6-Sol",
        description: "The all-rounder of generation 6.",
        priority_by_default: true,
        ..COMMON
    },
    Row {
        slug: "gpt-6-luna",
        name: "GPT-6-Luna",
        description: "Quick and cheap, for easier tasks.",
        efforts: 5,
        priority_by_default: true,
        ..COMMON
    },
    Row {
        slug: "gpt-5.6-sol",
        name: "GPT-5.6-Sol",
        description: "An older all-rounder.",
        effort: "low",
        speed: "1.5 times the speed, more usage",
        upgrade: Some("gpt-6-sol"),
        ..COMMON
    },
    Row {
        slug: "gpt-5.6-terra",
        name: "GPT-5.6-Terra",
        description: "An older model for straightforward work.",
        speed: "1.5 times the speed, more usage",
        upgrade: Some("gpt-6-sol"),
        ..COMMON
    },
    Row {
        slug: "gpt-5.6-luna",
        name: "GPT-5.6-Luna",
        description: "An older quick and cheap model.",
        efforts: 5,
        speed: "1.5 times the speed, more usage",
        upgrade: Some("gpt-6-luna"),
        ..COMMON
    },
    Row {
        slug: "gpt-daybreak-blue-latest",
        name: "Daybreak Blue",
        description: "For defensive work in computer security.",
        effort: "low",
        speed: "",
        hidden: true,
        specialty: Some("cyber"),
        ..COMMON
    },
    Row {
        slug: "gpt-daybreak-red-latest",
        name: "Daybreak Red",
        description: "For advanced, authorised research in computer security.",
        window: 372_000,
        speed: "",
        hidden: true,
        specialty: Some("cyber"),
        ..COMMON
    },
    Row {
        slug: "gpt-5.5",
        name: "GPT-5.5",
        description: "A coding model of an earlier day.",
        efforts: 4,
        speed: "1.5 times the speed, more usage",
        upgrade: Some("gpt-6-sol"),
        comp_hash: "2911",
        ..COMMON
    },
    Row {
        slug: "codex-auto-review",
        name: "Codex Auto Review",
        description: "Answers approval questions in the user's place.",
        efforts: 5,
        speed: "1.5 times the speed, more usage",
        hidden: true,
        ..COMMON
    },
];

impl Row {
    fn info(&self, priority: i64) -> ModelInfo {
        ModelInfo {
            slug: self.slug.to_owned(),
            display_name: self.name.to_owned(),
            description: Some(self.description.to_owned()),
            default_reasoning_level: Some(self.effort.to_owned()),
            supported_reasoning_levels: EFFORTS[..self.efforts].iter().map(level).collect(),
            shell_type: ShellType::UnifiedExec,
            visibility: if self.hidden {
                Visibility::Hide
            } else {
                Visibility::List
            },
            priority,
            support_verbosity: true,
            default_verbosity: Some("low".to_owned()),
            // These models sum up their reasoning only when asked to.
            default_reasoning_summary: crate::ReasoningSummary::None,
            apply_patch_tool_type: Some(ApplyPatchKind::Freeform),
            supports_search_tool: true,
            web_search_tool_type: WebSearchKind::TextAndImage,
            experimental_supported_tools: self.tools.iter().map(|&tool| tool.to_owned()).collect(),
            truncation_policy: TruncationPolicy {
                mode: TruncationMode::Tokens,
                limit: 10_000,
            },
            service_tiers: self.tiers(),
            default_service_tier: self.priority_by_default.then(|| "priority".to_owned()),
            upgrade: self.upgrade.map(upgrade),
            availability_nux: self.news.map(|message| AvailabilityNux {
                message: message.to_owned(),
            }),
            model_specialty: self.specialty.map(str::to_owned),
            context_window: Some(self.window),
            comp_hash: Some(self.comp_hash.to_owned()),
            other: self.other(),
            ..ModelInfo::fallback(self.slug)
        }
    }

    /// How it works with agents. Older models, and some that have other things to do, name them by ids.
    fn other(&self) -> serde_json::Map<String, serde_json::Value> {
        let version = match self.slug {
            "gpt-5.5" => return serde_json::Map::new(),
            "gpt-5.6-luna" | "codex-auto-review" => "v1",
            _ => "v2",
        };
        let shared = Some(("multi_agent_reasoning_effort", self.shared_effort));
        [("multi_agent_version", version)]
            .into_iter()
            .chain(shared.filter(|(_, effort)| !effort.is_empty()))
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect()
    }

    fn tiers(&self) -> Vec<ServiceTier> {
        let fast = ServiceTier {
            id: "priority".to_owned(),
            name: "Fast".to_owned(),
            description: self.speed.to_owned(),
        };
        if self.speed.is_empty() {
            Vec::new()
        } else {
            vec![fast]
        }
    }
}

fn level((effort, description): &(&str, &str)) -> ReasoningLevel {
    ReasoningLevel {
        effort: (*effort).to_owned(),
        description: (*description).to_owned(),
    }
}

fn upgrade(model: &str) -> ModelUpgrade {
    ModelUpgrade {
        model: model.to_owned(),
        migration_markdown: Some(format!(
            "`{model}` does the same work better and uses less of your limits.\n"
        )),
        upgrade_copy: None,
        model_link: None,
        retirement_at: None,
    }
}
