//! What a turn decides about its requests.

use std::sync::Arc;

use serde_json::Value;

use super::Services;
use crate::agents::{AgentTools, ThreadAgents};
use crate::config::{CompactionScope, Config};
use crate::deferred_tools::DeferredTools;
use crate::dynamic_tools::DynamicTools;
use crate::exec::OutputLimit;
use crate::mcp::McpOffer;
use crate::model::{ModelCatalog, ModelInfo, Prompt, web_search_tool};
use crate::tool_spec::ToolSpec;
use crate::tools;
use crate::{ReasoningSummary, SandboxPolicy, ThreadSettings};

/// The same for all requests of a turn.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// Usable tokens of the model's window.
    pub(crate) context_window: i64,
    /// Tokens at which the history is summed up.
    pub(crate) compaction_limit: i64,
    /// Which tokens count for that.
    pub(crate) compaction_scope: CompactionScope,
    /// Tokens from which it is summed up at the end of the turn; `None`: never.
    pub(crate) after_turn_limit: Option<i64>,
    /// What the model's server can read of other models' summaries.
    pub(crate) comp_hash: Option<String>,
    /// What goes of one tool output to the model at most.
    pub(crate) output_limit: OutputLimit,
    /// How closely the model looks at images that it asks for.
    pub(crate) image_detail: &'static str,
    effort: Option<String>,
    summary: Option<ReasoningSummary>,
    verbosity: Option<String>,
    /// As it was chosen, whether the model is offered in it or not.
    service_tier: Option<String>,
    model: Option<Arc<ModelInfo>>,
    output_schema: Option<Value>,
    /// Tools that run here, and the search that the model's server does itself.
    tools: Arc<Vec<Arc<ToolSpec>>>,
    /// Those that the model has to search for.
    pub(crate) deferred_tools: Arc<DeferredTools>,
    /// Which of them start agents.
    pub(crate) agents: Option<AgentTools>,
    models: Option<Arc<ModelCatalog>>,
    /// The names of the only tools that there may be.
    only: Option<&'static [&'static str]>,
    /// Which offer of MCP servers its tools are.
    servers: u64,
    /// Whether images could be made when its tools were chosen.
    drawing: bool,
    /// What the model is told of servers that can't be used.
    missing_servers: Option<String>,
}

/// What was chosen for one turn.
#[derive(Debug, Default)]
pub(crate) struct TurnChoices {
    /// Its service tier.
    pub(crate) service_tier: Option<String>,
    /// The form of its answer.
    pub(crate) output_schema: Option<Value>,
}

/// Where tools come from beside those that every thread has.
pub(crate) struct ToolSources<'a> {
    /// The client.
    pub(crate) dynamic: &'a DynamicTools,
    /// Agents that the thread may start.
    pub(crate) agents: &'a ThreadAgents,
    /// MCP servers.
    pub(crate) servers: &'a McpOffer,
    /// The account, in whose name images are made.
    pub(crate) drawing: bool,
}

impl Request {
    /// What follows from the configuration, the settings, the model, and the choices for one turn.
    pub(crate) fn new(
        models: &Arc<ModelCatalog>,
        config: &Config,
        settings: &ThreadSettings,
        sources: &ToolSources<'_>,
        choices: TurnChoices,
    ) -> Self {
        let ToolSources {
            dynamic,
            agents,
            servers,
            drawing,
        } = *sources;
        let TurnChoices {
            service_tier,
            output_schema,
        } = choices;
        let (model, is_known) = models.find(&settings.model);
        let agents = agents.tools(config, &model);
        let offer = tools::offered(
            config,
            &model,
            dynamic,
            agents.map(|tools| (tools, &**models)),
            servers,
            drawing,
        );
        let mut tools = offer.specs;
        let search = web_search_tool(
            config.web_search,
            &config.web_search_settings,
            settings.sandbox_policy == SandboxPolicy::DangerFullAccess && config.allows_live_search(),
            model.web_search_tool_type,
        );
        if let Some(search) = search {
            Arc::make_mut(&mut tools).push(Arc::new(search.into()));
        }
        let context_window = model.usable_window(config.model_context_window);
        let verbosity = config.model_verbosity.map(|chosen| chosen.as_str().to_owned());
        Self {
            context_window,
            compaction_limit: model
                .compaction_limit(config.model_context_window, config.compaction.token_limit),
            compaction_scope: config.compaction.scope,
            after_turn_limit: config.compaction.after_turn_limit(context_window),
            comp_hash: model.comp_hash.clone(),
            output_limit: OutputLimit::new(model.truncation_policy, config.tool_output_token_limit),
            image_detail: if is_known { "original" } else { "high" },
            effort: match settings.effort.as_deref() {
                Some(effort) => Some(model.effort_to_send(effort).to_owned()),
                None => model.default_reasoning_level.clone(),
            },
            summary: settings.summary.or(Some(model.default_reasoning_summary)),
            verbosity: verbosity
                .or_else(|| model.default_verbosity.clone())
                .filter(|_| model.support_verbosity),
            service_tier: service_tier.or_else(|| settings.service_tier.clone()),
            model: Some(model),
            output_schema,
            tools,
            deferred_tools: offer.deferred,
            agents,
            models: Some(Arc::clone(models)),
            only: None,
            servers: servers.version,
            drawing,
            missing_servers: servers.missing_text(),
        }
    }

    /// What is known of a model.
    pub(crate) fn model(&self, slug: &str) -> Option<Arc<ModelInfo>> {
        Some(self.models.as_ref()?.find(slug).0)
    }

    /// The same turn's request to another model.
    pub(crate) fn to_other_model(&self, services: &Services, settings: &ThreadSettings) -> Option<Self> {
        let models = self.models.as_ref()?;
        let mut other = Self::new(
            models,
            &services.config,
            settings,
            &ToolSources {
                dynamic: &services.dynamic_tools,
                agents: &services.agents,
                servers: &services.mcp.offer(),
                drawing: services.images.is_offered(),
            },
            TurnChoices::default(),
        );
        if let Some(names) = self.only {
            other = other.with_tools(names);
        }
        Some(other)
    }

    /// The same with what the servers and the account offer now; `None`: it is that.
    pub(crate) fn with_servers(&mut self, services: &Services, settings: &ThreadSettings) -> Option<Self> {
        let is_same =
            services.mcp.offer().version == self.servers && services.images.is_offered() == self.drawing;
        if self.only.is_some() || is_same {
            return None;
        }
        let new = self.to_other_model(services, settings)?;
        Some(new.with_choices_of(self, false))
    }

    /// What the model is told of tools that it does not see.
    pub(crate) fn unseen_tools(&self) -> Option<String> {
        match (self.deferred_tools.overview(), &self.missing_servers) {
            (Some(overview), Some(missing)) => Some(format!("{overview}\n{missing}")),
            (overview, missing) => overview.or_else(|| missing.clone()),
        }
    }

    /// With those of the tools only that have these names.
    pub(crate) fn with_tools(mut self, names: &'static [&'static str]) -> Self {
        let wanted = |spec: &&Arc<ToolSpec>| spec["name"].as_str().is_some_and(|name| names.contains(&name));
        self.tools = Arc::new(self.tools.iter().filter(wanted).cloned().collect());
        self.deferred_tools = Arc::default();
        self.agents = None;
        self.missing_servers = None;
        self.only = Some(names);
        self
    }

    /// With what another request chose for its turn only: the schema of the answer and, unless `new_tier`, the service tier.
    pub(crate) fn with_choices_of(mut self, other: &mut Self, new_tier: bool) -> Self {
        self.output_schema = other.output_schema.take();
        if !new_tier {
            self.service_tier = other.service_tier.take();
        }
        self
    }

    /// What the answer has to follow.
    pub(crate) fn output_schema(&self) -> Option<&Value> {
        self.output_schema.as_ref()
    }

    /// The service tier that the model's server is asked for.
    fn requested_tier(&self) -> Option<&str> {
        self.model.as_ref()?.requested_tier(self.service_tier.as_deref()?)
    }

    /// A request that has no input yet.
    pub(crate) fn prompt(&self, services: &Services, settings: &ThreadSettings) -> Prompt {
        Prompt {
            model: settings.model.clone(),
            instructions: services.instructions.clone(),
            input: Vec::new(),
            tools: Arc::clone(&self.tools),
            parallel_tool_calls: true,
            effort: self.effort.clone(),
            summary: self.summary,
            verbosity: self.verbosity.clone(),
            service_tier: self.requested_tier().map(str::to_owned),
            output_schema: self.output_schema.clone(),
        }
    }
}
