//! What a turn decides about its requests.

use std::sync::Arc;

use serde_json::Value;

use super::Services;
use crate::config::Config;
use crate::dynamic_tools::DynamicTools;
use crate::exec::OutputLimit;
use crate::model::{ModelCatalog, Prompt, web_search_tool};
use crate::tools::{self, DeferredTools};
use crate::{ReasoningSummary, SandboxPolicy, ThreadSettings};

/// The same for all requests of a turn.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// Usable tokens of the model's window.
    pub(crate) context_window: i64,
    /// What goes of one tool output to the model at most.
    pub(crate) output_limit: OutputLimit,
    /// How closely the model looks at images that it asks for.
    pub(crate) image_detail: &'static str,
    effort: Option<String>,
    summary: Option<ReasoningSummary>,
    verbosity: Option<String>,
    service_tier: Option<String>,
    output_schema: Option<Value>,
    /// Tools that run here.
    tools: Arc<Vec<Value>>,
    /// Those that the model has to search for.
    pub(crate) deferred_tools: Arc<DeferredTools>,
    web_search: Option<Value>,
}

impl Request {
    /// What follows from the configuration, the settings, the model, and the choices for one turn.
    pub(crate) fn new(
        models: &ModelCatalog,
        config: &Config,
        settings: &ThreadSettings,
        dynamic_tools: &DynamicTools,
        service_tier: Option<String>,
        output_schema: Option<Value>,
    ) -> Self {
        let (model, is_known) = models.find(&settings.model);
        let offer = tools::offered(config, &model, dynamic_tools);
        let verbosity = config.model_verbosity.map(|chosen| chosen.as_str().to_owned());
        Self {
            context_window: model.usable_window(config.model_context_window),
            output_limit: OutputLimit::new(model.truncation_policy, config.tool_output_token_limit),
            image_detail: if is_known { "original" } else { "high" },
            effort: settings
                .effort
                .clone()
                .or_else(|| model.default_reasoning_level.clone()),
            summary: settings.summary.or(Some(model.default_reasoning_summary)),
            verbosity: verbosity
                .or_else(|| model.default_verbosity.clone())
                .filter(|_| model.support_verbosity),
            service_tier: service_tier.or_else(|| settings.service_tier.clone()),
            output_schema,
            tools: offer.specs,
            deferred_tools: offer.deferred,
            web_search: web_search_tool(
                config.web_search,
                &config.web_search_settings,
                settings.sandbox_policy == SandboxPolicy::DangerFullAccess,
                model.web_search_tool_type,
            ),
        }
    }

    /// The tools that run here, and the search that the model's server does itself.
    fn tools(&self) -> Arc<Vec<Value>> {
        match &self.web_search {
            None => Arc::clone(&self.tools),
            Some(search) => Arc::new(self.tools.iter().chain([search]).cloned().collect()),
        }
    }

    /// A request that has no input yet.
    pub(crate) fn prompt(&self, services: &Services, settings: &ThreadSettings) -> Prompt {
        Prompt {
            model: settings.model.clone(),
            instructions: services.instructions.clone(),
            input: Vec::new(),
            tools: self.tools(),
            parallel_tool_calls: true,
            effort: self.effort.clone(),
            summary: self.summary,
            verbosity: self.verbosity.clone(),
            service_tier: self.service_tier.clone(),
            output_schema: self.output_schema.clone(),
        }
    }
}
