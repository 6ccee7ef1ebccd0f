//! Tools that the model can call: one file each, and a line in [`tool_set`].
//!
//! Where to look: `exec_command` and `write_stdin` (the tools; what they run is in `crate::exec`, whether they may in
//! `crate::safety`), `apply_patch` (what it does is in `crate::patch`) and `patch_in_shell` (patches that come as
//! commands), `update_plan`, `request_user_input`, `request_permissions`, `view_image`, `image_gen` (images
//! that the model has made), `goal`, `send_message`, `collab`
//! (other agents), `dynamic` (tools of the client), `mcp` (tools of MCP servers), `tool_search` (how a model looks for
//! those of `crate::deferred_tools`), `reviewed` (calls that a model judges in the user's place), `hooked` (what hooks have
//! to say), `alone` (which calls wait for others), `tests`. `web_search` runs at the model's server: `crate::session` adds it to requests.

mod apply_patch;
mod collab;
mod dynamic;
mod exec_command;
mod goal;
mod hooked;
mod image_gen;
mod mcp;
mod patch_in_shell;
mod request_permissions;
mod request_user_input;
mod reviewed;
mod send_message;
#[cfg(test)]
mod tests;
mod tool_search;
mod update_plan;
mod view_image;
mod write_stdin;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use self::apply_patch::ApplyPatch;
use self::exec_command::ExecCommand;
use self::goal::{CreateGoal, GetGoal, UpdateGoal};
use self::image_gen::ImageGen;
use self::mcp::ResourceTool;
use self::request_permissions::{RequestPermissions, without_dots};
use self::request_user_input::RequestUserInput;
use self::send_message::SendMessage;
use self::update_plan::UpdatePlan;
use self::view_image::ViewImage;
use self::write_stdin::WriteStdin;
use crate::agents::{AgentTools, ThreadAgents};
use crate::approval_review::ApprovalReviewer;
use crate::config::Config;
use crate::deferred_tools::DeferredTools;
use crate::dynamic_tools::DynamicTools;
use crate::exec::{ExecSessions, OutputLimit};
use crate::goal_tracker::GoalTracker;
use crate::hooks::ThreadHooks;
use crate::mcp::{McpOffer, McpTool, ThreadMcp};
use crate::model::{FunctionOutput, InputModality, ModelCatalog, ModelInfo};
use crate::outbox::Outbox;
use crate::patch::PatchState;
use crate::safety::ThreadApprovals;
use crate::tool_spec::ToolSpec;
use crate::{ReviewedAction, ThreadSettings, features};

pub(crate) use self::hooked::CallRecord;
pub(crate) use self::image_gen::{ImageCall, ImageService};

/// All tools that a thread with this configuration runs. Threads with the same tools share them.
pub(crate) fn built_in(config: &Config) -> ToolSet {
    let all = Abilities {
        patches: true,
        images: true,
        drawing: true,
        messages: true,
    };
    tool_set(config, all)
}

/// Tools that depend on the model.
#[derive(Debug, Clone, Copy)]
struct Abilities {
    patches: bool,
    images: bool,
    /// Having images made, which takes an account beside a model that sees them.
    drawing: bool,
    /// Messages to the user in the middle of a turn.
    messages: bool,
}

/// The name of a tool that a catalogue can give to a model.
const SEND_MESSAGE: &str = "send_message_to_user_async";

impl Abilities {
    fn of(model: &ModelInfo, drawing: bool) -> Self {
        let images = model.input_modalities.contains(&InputModality::Image);
        Self {
            patches: model.apply_patch_tool_type.is_some(),
            images,
            drawing: images && drawing,
            messages: model
                .experimental_supported_tools
                .iter()
                .any(|tool| tool == SEND_MESSAGE),
        }
    }
}

/// A description that turns share.
fn shared(spec: Value) -> Arc<ToolSpec> {
    Arc::new(spec.into())
}

/// What a model is offered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offer {
    /// What it sees.
    pub(crate) specs: Arc<Vec<Arc<ToolSpec>>>,
    /// What it can search for.
    pub(crate) deferred: Arc<DeferredTools>,
}

/// What a model is offered of them, shared by all turns that offer the same, of tools that deal with agents, and of the
/// client's. Where both have a tool of one name, it is the client's. A model that can't search sees all tools at once.
/// `drawing`: images can be made.
pub(crate) fn offered(
    config: &Config,
    model: &ModelInfo,
    dynamic: &DynamicTools,
    agents: Option<(AgentTools, &ModelCatalog)>,
    servers: &McpOffer,
    drawing: bool,
) -> Offer {
    // A client may have a namespace of the same name; two of one name make no request.
    let drawing = drawing && !dynamic.has_namespace(image_gen::NAMESPACE);
    let ours = tool_set(config, Abilities::of(model, drawing));
    let searches = model.supports_search_tool;
    let base = match agents {
        Some((tools, models)) => collab::offer(&ours, tools, searches, config, models),
        None => Offer {
            specs: Arc::clone(ours.specs()),
            deferred: Arc::default(),
        },
    };
    let base = with_servers(base, servers, searches);
    if dynamic.source().is_none() {
        return base;
    }
    let replaced = |spec: &&Arc<ToolSpec>| {
        let name = spec["name"].as_str();
        name.is_some_and(|name| dynamic.contains(None, name)) || tool_search::is_spec(spec)
    };
    let kept = base.specs.iter().filter(|spec| !replaced(spec)).cloned();
    let offer = if searches {
        let deferred = DeferredTools::new(dynamic.deferred_specs().map(shared));
        Offer {
            specs: Arc::new(kept.chain(dynamic.shown_specs().map(shared)).collect()),
            deferred: Arc::new(base.deferred.and(&deferred)),
        }
    } else {
        Offer {
            specs: Arc::new(kept.chain(dynamic.specs().map(shared)).collect()),
            deferred: Arc::default(),
        }
    };
    offer.with_search()
}

/// With what servers offer: what they have to read, behind the shell; and their tools.
fn with_servers(base: Offer, servers: &McpOffer, searches: bool) -> Offer {
    if !servers.any {
        return base;
    }
    let mut specs: Vec<Arc<ToolSpec>> = base
        .specs
        .iter()
        .filter(|spec| !tool_search::is_spec(spec))
        .cloned()
        .collect();
    let shell = specs
        .iter()
        .rposition(|spec| spec["name"] == "exec_command" || spec["name"] == "write_stdin");
    let behind = shell.map_or(0, |shell| shell + 1);
    specs.splice(behind..behind, mcp::resource_specs().map(shared));
    let offer = if searches {
        let deferred = servers
            .namespaces
            .iter()
            .fold(DeferredTools::clone(&base.deferred), |all, one| {
                all.and(one.deferred())
            });
        Offer {
            specs: Arc::new(specs),
            deferred: Arc::new(deferred),
        }
    } else {
        specs.extend(
            servers
                .namespaces
                .iter()
                .map(|namespace| Arc::clone(&namespace.spec)),
        );
        Offer {
            specs: Arc::new(specs),
            deferred: base.deferred,
        }
    };
    offer.with_search()
}

impl Offer {
    /// With the search behind the others, if there is anything to search for.
    fn with_search(mut self) -> Self {
        if !self.deferred.is_empty() {
            let all = self.specs.iter().cloned().chain([shared(tool_search::spec())]);
            self.specs = Arc::new(all.collect());
        }
        self
    }
}

/// The tools in the order in which models see them.
fn tool_set(config: &Config, model: Abilities) -> ToolSet {
    let shell = config.features.enabled(features::SHELL_TOOL);
    let ask_always = config.features.enabled(features::DEFAULT_MODE_REQUEST_USER_INPUT);
    let permissions = config.features.enabled(features::EXEC_PERMISSION_APPROVALS);
    let request = config.features.enabled(features::REQUEST_PERMISSIONS_TOOL);
    let messages = model.messages || config.features.enabled(features::SEND_MESSAGE_TO_USER_ASYNC);
    let view_image = model.images && config.features.enabled(features::VIEW_IMAGE);
    let goals = config.features.enabled(features::GOALS);
    let drawing = model.drawing && config.features.enabled(features::IMAGE_GENERATION);
    ToolSet::shared(&[
        (shell && !permissions, || {
            Arc::new(ExecCommand { permissions: false })
        }),
        (shell && permissions, || {
            Arc::new(ExecCommand { permissions: true })
        }),
        (shell, || Arc::new(WriteStdin)),
        (config.update_plan_tool, || Arc::new(UpdatePlan)),
        (config.ask_user_tool && !ask_always, || {
            Arc::new(RequestUserInput { in_every_mode: false })
        }),
        (config.ask_user_tool && ask_always, || {
            Arc::new(RequestUserInput { in_every_mode: true })
        }),
        (messages, || Arc::new(SendMessage)),
        (request, || Arc::new(RequestPermissions)),
        (model.patches, || Arc::new(ApplyPatch)),
        (view_image, || Arc::new(ViewImage)),
        (goals, || Arc::new(GetGoal)),
        (goals, || Arc::new(CreateGoal)),
        (goals, || Arc::new(UpdateGoal)),
        (drawing, || Arc::new(ImageGen)),
    ])
}

/// Something that the model can call.
pub(crate) trait Tool: Send + Sync {
    /// The name that the model calls it by.
    fn name(&self) -> &'static str;

    /// The namespace that it is in.
    fn namespace(&self) -> Option<&'static str> {
        None
    }

    /// How the API describes it to the model (`{"type":"function",…}`).
    fn spec(&self) -> Value;

    /// Whether a call may be made of it.
    fn is_available(&self, _cx: &CallContext) -> bool {
        true
    }

    /// Whether a call runs only while no other of its response does: what it does depends on the order, or asks for the
    /// user's whole attention.
    fn runs_alone(&self) -> bool {
        false
    }

    /// What an approval of a call would be about, if it needs one, as things stand.
    fn plan<'a>(&'a self, _cx: &'a CallContext, _call: &'a ToolCall) -> BoxFuture<'a, PlannedCall> {
        std::future::ready(PlannedCall::Unsupported).boxed()
    }

    /// Carries out one call. What users see of it goes through `cx.outbox`, and has gone when the future resolves.
    ///
    /// When `cx.cancel` is cancelled, the tool stops what it runs and then resolves, within 2.5 seconds. Wait for it:
    /// items that it has begun are completed by then, but for
    /// those of which a question was still open. Dropping the future instead leaves the rest to the background.
    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd>;
}

/// What a call may use, and the turn it belongs to.
#[derive(Clone)]
pub(crate) struct CallContext {
    /// The thread's way out.
    pub(crate) outbox: Outbox,
    /// The turn.
    pub(crate) turn_id: Arc<str>,
    /// The turn's settings.
    pub(crate) settings: Arc<ThreadSettings>,
    /// What goes of one output to the model at most: `tool_output_token_limit`, else the model's limit.
    pub(crate) output_limit: OutputLimit,
    /// How closely the model looks at images that it asks for: `original` if it is known, else `high`.
    pub(crate) image_detail: &'static str,
    /// Cancelled when the turn is interrupted.
    pub(crate) cancel: CancellationToken,
    /// The thread's commands.
    pub(crate) exec: Arc<ExecSessions>,
    /// What the thread remembers of patches.
    pub(crate) patches: Arc<PatchState>,
    /// Tools that the client carries out.
    pub(crate) dynamic: DynamicTools,
    /// What the user has allowed.
    pub(crate) approvals: Arc<ThreadApprovals>,
    /// The thread's configuration.
    pub(crate) config: Arc<Config>,
    /// The root of the turns that caused the turn.
    pub(crate) root_turn_id: Arc<str>,
    /// The thread's side of agents; `None`: it may not start any.
    pub(crate) agents: Option<Arc<ThreadAgents>>,
    /// The thread's goal.
    pub(crate) goals: Arc<GoalTracker>,
    /// Who judges approvals in the user's place, if that is wanted.
    pub(crate) reviewer: Option<Arc<dyn ApprovalReviewer>>,
    /// Who could.
    pub(crate) guardian: Option<Arc<dyn ApprovalReviewer>>,
    /// The thread's hooks.
    pub(crate) hooks: Arc<ThreadHooks>,
    /// What hooks are told of the call.
    pub(crate) record: CallRecord,
    /// The thread's MCP servers.
    pub(crate) mcp: Arc<ThreadMcp>,
    /// What there is to make an image with, if that is what the call is for.
    pub(crate) images: Option<ImageCall>,
    /// When the turn began, in Unix milliseconds.
    pub(crate) turn_started_at_ms: i64,
}

impl CallContext {
    /// A path that the model names, counted from the working folder, without `.` and `..`.
    fn resolve(&self, path: &Path) -> PathBuf {
        without_dots(&self.settings.cwd.join(path))
    }
}

/// Tools that need commands and files within reach.
const OF_ENVIRONMENTS: [&str; 6] = [
    "exec_command",
    "write_stdin",
    "shell",
    "shell_command",
    "apply_patch",
    "view_image",
];

/// A call as the model made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToolCall {
    /// What the output refers to; also the id of the call's item.
    pub(crate) call_id: String,
    /// Name of the tool.
    pub(crate) name: String,
    /// Namespace of the tool.
    pub(crate) namespace: Option<String>,
    /// JSON text; free text for free-form tools.
    pub(crate) arguments: String,
    /// It is the call of a free-form tool.
    pub(crate) custom: bool,
}

impl ToolCall {
    /// The namespace of the tool, but for the one that some models put in front of tools that have none.
    fn plain_namespace(&self) -> Option<&str> {
        self.namespace
            .as_deref()
            .filter(|namespace| *namespace != "functions")
    }
}

/// What a call would need to be carried out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PlannedCall {
    /// No approval.
    NoApproval,
    /// Approval of this; the JSON is all that there is to know of it.
    NeedsApproval(ReviewedAction, Value),
    /// It would be refused, for this reason.
    Refused(String),
    /// There is no such tool here.
    Unavailable,
    /// Calls of this tool are never approved.
    Unsupported,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ToolEnd {
    /// The model gets this, and the turn goes on.
    Output(FunctionOutput),
    /// The user stopped the turn. The output is kept in the history, as every call needs one.
    StopTurn(FunctionOutput),
}

impl ToolEnd {
    /// The model gets this text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Output(FunctionOutput::Text(text.into()))
    }

    /// What the model would read; parts that are no text are left out.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Output(FunctionOutput::Text(text)) | Self::StopTurn(FunctionOutput::Text(text)) => text,
            Self::Output(FunctionOutput::Parts(_)) | Self::StopTurn(FunctionOutput::Parts(_)) => {
                String::new()
            }
        }
    }
}

/// The tools of a thread, in the order in which the model sees them.
#[derive(Clone, Default)]
pub(crate) struct ToolSet {
    tools: Arc<[Arc<dyn Tool>]>,
    specs: Arc<Vec<Arc<ToolSpec>>>,
}

/// Whether a tool is wanted, and how it is made.
type Wanted = (bool, fn() -> Arc<dyn Tool>);

impl ToolSet {
    /// These tools.
    pub(crate) fn new(tools: impl IntoIterator<Item = Arc<dyn Tool>>) -> Self {
        let tools: Arc<[_]> = tools.into_iter().collect();
        let specs = tools.iter().map(|tool| shared(tool.spec())).collect();
        Self {
            tools,
            specs: Arc::new(specs),
        }
    }

    /// The wanted ones of all tools, made when they are wanted for the first time.
    fn shared(all: &[Wanted]) -> Self {
        /// By what is wanted. A lock, because every start of a thread looks here; held while specs are made at most.
        static SETS: Mutex<BTreeMap<Vec<bool>, ToolSet>> = Mutex::new(BTreeMap::new());

        let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = all.iter().map(|(wanted, _)| *wanted).collect();
        let made = || Self::new(all.iter().filter(|(wanted, _)| *wanted).map(|(_, make)| make()));
        sets.entry(wanted).or_insert_with(made).clone()
    }

    /// Their descriptions with one more, of what is found elsewhere. Goals come last.
    fn specs_with(&self, spec: Arc<ToolSpec>) -> Vec<Arc<ToolSpec>> {
        let mut specs = Vec::clone(&self.specs);
        let goals = specs.iter().position(|spec| spec["name"] == GetGoal.name());
        specs.insert(goals.unwrap_or(specs.len()), spec);
        specs
    }

    /// Those of them that have these names.
    pub(crate) fn only(&self, names: &[&str]) -> Self {
        let wanted = self.tools.iter().filter(|tool| names.contains(&tool.name()));
        Self::new(wanted.cloned())
    }

    /// What the model is told: the `tools` of a request.
    pub(crate) fn specs(&self) -> &Arc<Vec<Arc<ToolSpec>>> {
        &self.specs
    }

    /// What an approval of a call would be about; see [`Tool::plan`].
    pub(crate) async fn plan(&self, cx: &CallContext, call: &ToolCall) -> PlannedCall {
        const APPROVED: [&str; 3] = ["exec_command", "apply_patch", "request_permissions"];
        let is_it = |tool: &&Arc<dyn Tool>| call.namespace.is_none() && tool.name() == call.name;
        if let Some(tool) = server_tool(cx, call) {
            return mcp::plan(cx, call, &tool);
        }
        match self.tools.iter().find(is_it) {
            Some(tool) => tool.plan(cx, call).await,
            None if APPROVED.contains(&call.name.as_str()) => PlannedCall::Unavailable,
            None => PlannedCall::Unsupported,
        }
    }

    /// Carries out one call, before and after which the thread's hooks run.
    pub(crate) fn run_with_hooks(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'static, ToolEnd> {
        if hooked::is_watched(&cx) {
            hooked::run(self.clone(), cx, call).boxed()
        } else {
            self.run(cx, call)
        }
    }

    /// Whether there is a tool for the call.
    fn has(&self, cx: &CallContext, call: &ToolCall) -> bool {
        cx.dynamic.contains(call.namespace.as_deref(), &call.name)
            || self.find(cx, call).is_some()
            || server_tool(cx, call).is_some()
            || resource_tool(cx, call).is_some()
    }

    /// Whether the call runs only while no other of its response does. Tools of the client and of MCP servers don't.
    pub(crate) fn runs_alone(&self, cx: &CallContext, call: &ToolCall) -> bool {
        !cx.dynamic.contains(call.namespace.as_deref(), &call.name)
            && self.find(cx, call).is_some_and(|tool| tool.runs_alone())
    }

    /// The tool of ours that is called.
    fn find(&self, cx: &CallContext, call: &ToolCall) -> Option<Arc<dyn Tool>> {
        let namespace = call.plain_namespace();
        let is_it = |tool: &&Arc<dyn Tool>| {
            tool.name() == call.name && tool.namespace() == namespace && tool.is_available(cx)
        };
        let of_agents = || collab::find(namespace, &call.name).filter(|_| cx.agents.is_some());
        self.tools.iter().find(is_it).cloned().or_else(of_agents)
    }

    /// Carries out one call; see [`Tool::run`]. A tool that is not here says so to the model.
    pub(crate) fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'static, ToolEnd> {
        if cx.dynamic.contains(call.namespace.as_deref(), &call.name) {
            return dynamic::run(cx, call).boxed();
        }
        if !cx.settings.has_environment && OF_ENVIRONMENTS.contains(&call.name.as_str()) {
            let end = ToolEnd::text("this thread has no environment: commands and files are out of reach");
            return std::future::ready(end).boxed();
        }
        if let Some(tool) = self.find(&cx, &call) {
            async move { tool.run(cx, call).await }.boxed()
        } else if let Some(tool) = server_tool(&cx, &call) {
            mcp::run(cx, call, tool).boxed()
        } else if let Some(tool) = resource_tool(&cx, &call) {
            tool.run(cx, call).boxed()
        } else {
            let kind = if call.custom { "custom tool call" } else { "call" };
            let namespace = call.plain_namespace().unwrap_or_default();
            let end = ToolEnd::text(format!("unsupported {kind}: {namespace}{}", call.name));
            std::future::ready(end).boxed()
        }
    }
}

/// The tool of a server that is called.
fn server_tool(cx: &CallContext, call: &ToolCall) -> Option<McpTool> {
    cx.mcp
        .offer()
        .find(call.namespace.as_deref(), &call.name)
        .cloned()
}

/// The tool about what servers have to read that is called.
fn resource_tool(cx: &CallContext, call: &ToolCall) -> Option<ResourceTool> {
    let is_plain = call.plain_namespace().is_none();
    ResourceTool::find(&call.name).filter(|_| is_plain && cx.mcp.offer().any)
}

impl std::fmt::Debug for ToolSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.tools.iter().map(|tool| tool.name()))
            .finish()
    }
}

/// Reads the arguments of a call, or says to the model what is wrong with them.
pub(crate) fn arguments<T: serde::de::DeserializeOwned>(call: &ToolCall) -> Result<T, ToolEnd> {
    serde_json::from_str(&call.arguments)
        .map_err(|error| ToolEnd::text(format!("failed to parse function arguments: {error}")))
}
