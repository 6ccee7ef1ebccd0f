//! What a turn decides about its requests.

use serde_json::Value;

use super::Services;
use crate::config::Config;
use crate::model::Prompt;
use crate::{ReasoningSummary, ThreadSettings};

/// Model that is used when nobody names one.
pub(crate) const DEFAULT_MODEL: &str = "gpt-6.1-sol";

/// Share of a model's window that a thread may fill, in percent.
const USABLE_PERCENT: i64 = 95;

/// What is known of a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModelTraits {
    /// Its name is in our list.
    pub(crate) known: bool,
    window: i64,
    output_tokens: usize,
    effort: Option<&'static str>,
    summary: Option<ReasoningSummary>,
    verbosity: Option<&'static str>,
}

/// Models by the beginnings of their names, longest first, with their default effort.
const MODELS: [(&str, &str); 9] = [
    ("gpt-6.1-terra", "low"),
    ("gpt-6.1-sol", "low"),
    ("gpt-6-astra", "low"),
    ("gpt-6-luna", "medium"),
    ("gpt-6-sol", "medium"),
    ("gpt-5.6-terra", "medium"),
    ("gpt-5.6-luna", "medium"),
    ("gpt-5.6-sol", "low"),
    ("gpt-5.5", "medium"),
];

impl ModelTraits {
    /// Traits of a model by its slug, also of one that nobody knows (model-and-auth section 5.4).
    pub(crate) fn of(slug: &str) -> Self {
        let unknown = Self {
            known: false,
            window: 272_000,
            output_tokens: 10_000,
            effort: None,
            summary: Some(ReasoningSummary::Auto),
            verbosity: None,
        };
        match MODELS.iter().find(|(prefix, _)| slug.starts_with(prefix)) {
            None => unknown,
            Some((_, effort)) => Self {
                known: true,
                effort: Some(effort),
                summary: None,
                verbosity: Some("low"),
                ..unknown
            },
        }
    }
}

/// The same for all requests of a turn.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// Usable tokens of the model's window.
    pub(crate) context_window: i64,
    /// Tokens of one tool output that go to the model at most.
    pub(crate) output_tokens: usize,
    effort: Option<String>,
    summary: Option<ReasoningSummary>,
    verbosity: Option<String>,
    service_tier: Option<String>,
    output_schema: Option<Value>,
}

impl Request {
    /// What follows from the configuration, the settings, the model, and the choices for one turn.
    pub(crate) fn new(
        config: &Config,
        settings: &ThreadSettings,
        service_tier: Option<String>,
        output_schema: Option<Value>,
    ) -> Self {
        let model = ModelTraits::of(&settings.model);
        let window = config.model_context_window.unwrap_or(model.window);
        let output_tokens = config
            .tool_output_token_limit
            .and_then(|limit| usize::try_from(limit).ok());
        Self {
            context_window: window * USABLE_PERCENT / 100,
            output_tokens: output_tokens.unwrap_or(model.output_tokens),
            effort: settings
                .effort
                .clone()
                .or_else(|| model.effort.map(str::to_owned)),
            summary: settings.summary.or(model.summary),
            verbosity: match config.model_verbosity {
                Some(verbosity) if model.verbosity.is_some() => Some(verbosity.as_str()),
                _ => model.verbosity,
            }
            .map(str::to_owned),
            service_tier: service_tier.or_else(|| settings.service_tier.clone()),
            output_schema,
        }
    }

    /// A request that has no input yet.
    pub(crate) fn prompt(&self, services: &Services, settings: &ThreadSettings) -> Prompt {
        Prompt {
            model: settings.model.clone(),
            instructions: services.instructions.clone(),
            input: Vec::new(),
            tools: services.tool_specs.clone(),
            parallel_tool_calls: true,
            effort: self.effort.clone(),
            summary: self.summary,
            verbosity: self.verbosity.clone(),
            service_tier: self.service_tier.clone(),
            output_schema: self.output_schema.clone(),
        }
    }
}
