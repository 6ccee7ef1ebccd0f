//! The side of a thread that its mailbox talks to, also while a turn runs: what is known of the thread, its settings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::inbox::{NewTurnSettings, TurnInput};
use super::memory::Unnoted;
use super::request::{Request, ToolSources, TurnChoices};
use super::sample::SampleJob;
use super::turn::{TurnPlan, TurnTask};
use super::{Services, delegate, input, settings};
use crate::DynamicTools;
use crate::agents::ThreadAgents;
use crate::config::Config;
use crate::exec::ExecSessions;
use crate::history::Entry;
use crate::mcp::{McpOffer, ThreadMcp};
use crate::model::{ContentItem, KnownItem, ModelCatalog, ResponseItem, TurnIdentity};
use crate::outbox::Outbox;
use crate::settings::present_tier;
use crate::tools::ImageService;
use crate::{
    ClientMetadata, Error, Event, Field, ItemsView, Reply, Result, SampleRequest, SettingsPatch, StartTurn,
    ThreadInfo, ThreadSettings, ThreadSnapshot, Turn, TurnOperation, TurnStatus, UserInput, features, new_id,
    now_s,
};

/// See the module.
#[derive(Debug)]
pub(crate) struct ThreadState {
    /// Everything but the status, which the outbox knows.
    pub(crate) info: ThreadInfo,
    pub(crate) settings: Arc<ThreadSettings>,
    /// The history has not been told of the present settings.
    pub(crate) settings_untold: bool,
    pub(crate) config: Arc<Config>,
    pub(crate) models: Arc<ModelCatalog>,
    pub(crate) dynamic_tools: DynamicTools,
    pub(crate) instruction_sources: Vec<PathBuf>,
    /// How many clients watch.
    pub(crate) subscribers: usize,
    pub(crate) outbox: Outbox,
    pub(crate) agents: Arc<ThreadAgents>,
    pub(crate) mcp: Arc<ThreadMcp>,
    pub(crate) images: Arc<ImageService>,
    /// Choices of the client that go into the metadata of the running turn's requests.
    pub(crate) parent_turn_id: Option<String>,
    pub(crate) turn_trigger: Option<String>,
    pub(crate) client_metadata: BTreeMap<String, String>,
    /// What there is to note of the thread.
    pub(crate) unnoted: Unnoted,
    /// The turn that ended last.
    pub(crate) last_turn: Option<String>,
    /// Questions that the client itself has open with the user.
    pub(crate) questions: u64,
    /// What the user said in the turn, for the program that runs after it.
    pub(crate) said: Vec<String>,
    /// The model that nothing is known of, and of which the user has been told that.
    pub(crate) warned_of: Option<String>,
}

impl ThreadState {
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Answers turn/start, and tells that the turn began. Changed settings are told before the answer, as clients of
    /// the contract release know it. `None`: it was refused.
    pub(crate) fn start_turn(&mut self, mut start: StartTurn, reply: Reply<Turn>) -> Option<TurnPlan> {
        let changed = match self.checked(&start) {
            Ok(settings) => settings,
            Err(error) => {
                reply.send(Err(error));
                return None;
            }
        };
        let id = new_id();
        let root_id = start.root_turn_id.unwrap_or_else(|| id.clone());
        let answer = in_progress(&id, &root_id);
        self.settings_untold |= self.apply(changed);
        self.warn_of_unknown_model();
        reply.send(Ok(answer.clone()));
        self.said.clear();
        self.heard(&start.input);
        let started_at = now_s();
        self.info.updated_at = started_at;
        self.info.recency_at = Some(started_at);
        self.parent_turn_id = start.parent_turn_id;
        self.turn_trigger = start.turn_trigger;
        self.client_metadata.clear();
        metadata_of(&mut start.settings).apply(&mut self.client_metadata);
        self.outbox.turn_began(Turn {
            started_at: Some(started_at),
            ..answer
        });
        let settings = Arc::clone(&self.settings);
        let request = self.request(
            &settings,
            start.service_tier_for_turn.map(present_tier),
            start.output_schema,
        );
        Some(TurnPlan {
            id: id.into(),
            root_id,
            parent_id: self.parent_turn_id.clone(),
            trigger: self.turn_trigger.clone(),
            started_at,
            settings,
            new_settings: std::mem::take(&mut self.settings_untold),
            request,
            turn_input: TurnInput {
                input: start.input,
                client_id: start.client_user_message_id,
                additional_context: start.additional_context,
                agent_message: start.agent_message,
                tool_output: start.tool_output,
                metadata: None,
            },
            task: TurnTask::Regular,
            is_handoff: false,
        })
    }

    /// Answers a turn/start that came while a turn runs: its input steers that turn, its settings count from the next
    /// one. `None`: it was refused.
    pub(crate) fn steer_by_start(
        &mut self,
        mut start: StartTurn,
        turn_id: &str,
        root_id: &str,
        reply: Reply<Turn>,
    ) -> Option<TurnInput> {
        let changed = match self.checked(&start) {
            Ok(settings) => settings,
            Err(error) => {
                reply.send(Err(error));
                return None;
            }
        };
        reply.send(Ok(in_progress(turn_id, root_id)));
        self.apply_between_turns(changed);
        self.heard(&start.input);
        Some(TurnInput {
            input: start.input,
            client_id: start.client_user_message_id,
            additional_context: start.additional_context,
            agent_message: start.agent_message,
            tool_output: start.tool_output,
            metadata: self.changed_metadata(metadata_of(&mut start.settings)),
        })
    }

    /// Takes up other metadata of the client in the middle of a turn. Gives what the turn's next requests tell, if that is
    /// anything else.
    pub(crate) fn changed_metadata(&mut self, change: ClientMetadata) -> Option<BTreeMap<String, String>> {
        if change.is_empty() {
            return None;
        }
        change.apply(&mut self.client_metadata);
        Some(self.told_metadata())
    }

    /// What requests tell of the client.
    fn told_metadata(&self) -> BTreeMap<String, String> {
        let mut metadata = self.client_metadata.clone();
        // The client has a parameter for it.
        metadata.remove("turn_trigger");
        if let Some(trigger) = &self.turn_trigger {
            metadata.insert("turn_trigger".into(), trigger.clone());
        }
        metadata
    }

    /// Usable tokens of the model's window.
    pub(crate) fn context_window(&self) -> i64 {
        let model = self.models.find(&self.settings.model).0;
        model.usable_window(self.config.model_context_window)
    }

    /// Whether a steer may go to the running turn.
    pub(crate) fn check_steer(expected: &str, turn_input: &TurnInput, active: &str) -> Result<()> {
        if expected != active {
            return Err(Error::StaleTurn {
                expected: expected.to_owned(),
                active: active.to_owned(),
                operation: TurnOperation::Steer,
            });
        }
        if turn_input.input.is_empty() {
            return Err(Error::Empty(Field::Input));
        }
        input::check(&turn_input.input)
    }

    /// Reads items of inject_items.
    pub(crate) fn parse_items(items: Vec<Value>) -> Result<Vec<ResponseItem>> {
        if items.is_empty() {
            return Err(Error::Empty(Field::Items));
        }
        let parse = |(index, value): (usize, Value)| {
            let bad = |why: &str| Error::InvalidItem {
                index,
                reason: why.to_owned(),
            };
            if !value.get("type").is_some_and(Value::is_string) {
                return Err(bad("it must be an object with a `type`"));
            }
            serde_json::from_value(value).map_err(|error| bad(&error.to_string()))
        };
        items.into_iter().enumerate().map(parse).collect()
    }

    /// Takes up a configuration that was read again: what permission profiles and sandbox details mean, what is demanded,
    /// the window, how the web is searched, what runs after turns. What was built at the start stays: instructions, tools
    /// and features, model, policies, the environment of commands.
    pub(crate) fn take_up(&mut self, mut config: Arc<Config>) {
        if config.features != self.config.features {
            Arc::make_mut(&mut config)
                .features
                .clone_from(&self.config.features);
        }
        self.config = config;
    }

    /// Changes settings outside of a turn, or under a running one, for the next.
    pub(crate) fn update_settings(&mut self, patch: &SettingsPatch, reply: Reply<()>) {
        match settings::changed(&self.config, &self.settings, patch) {
            Ok(changed) => {
                reply.send(Ok(()));
                self.apply_between_turns(changed);
            }
            Err(error) => reply.send(Err(error)),
        }
    }

    /// Whether these settings of a running turn may be changed: who answers questions and where commands run always may.
    pub(crate) fn check_turn_settings(&self, patch: &SettingsPatch) -> Result<()> {
        let is_of_model = patch.model.is_some()
            || patch.effort.is_some()
            || patch.summary.is_some()
            || patch.service_tier.is_some();
        let is_other = patch.approvals_reviewer.is_some() || patch.has_environment.is_some();
        if (is_other && !is_of_model) || self.config.features.enabled(features::STEP_MODEL_SWITCHING) {
            return Ok(());
        }
        Err(Error::invalid(
            "turn settings updates require the step_model_switching feature",
        ))
    }

    /// What requests have in common that run with these settings, and these choices for one turn.
    pub(super) fn request(
        &self,
        settings: &ThreadSettings,
        service_tier: Option<String>,
        output_schema: Option<Value>,
    ) -> Request {
        let choices = TurnChoices {
            service_tier,
            output_schema,
        };
        self.request_with(&self.mcp.offer(), settings, choices)
    }

    /// The same with what these servers offer.
    fn request_with(&self, servers: &McpOffer, settings: &ThreadSettings, choices: TurnChoices) -> Request {
        Request::new(
            &self.models,
            &self.config,
            settings,
            &ToolSources {
                dynamic: &self.dynamic_tools,
                agents: &self.agents,
                servers,
                drawing: self.images.is_offered(),
            },
            choices,
        )
    }

    /// What the running turn goes on with after a change that is for it alone.
    pub(crate) fn turn_settings(
        &self,
        current: &ThreadSettings,
        patch: &SettingsPatch,
    ) -> Result<NewTurnSettings> {
        if patch
            .model
            .as_ref()
            .is_some_and(|model| !self.models.find(model).1)
        {
            return Err(Error::invalid("the destination model has only fallback metadata"));
        }
        let settings = Arc::new(settings::changed(&self.config, current, patch)?);
        let request = self.request(&settings, None, None);
        Ok(NewTurnSettings {
            settings,
            request,
            new_tier: patch.service_tier.is_some(),
        })
    }

    /// One more or one less question that the client has open: while there is one, commands are waited for as long as it
    /// takes. Gives how many there are.
    pub(crate) fn count_questions(&mut self, more: bool, exec: &ExecSessions) -> Result<u64> {
        self.questions = if more {
            self.questions.saturating_add(1)
        } else {
            self.questions
                .checked_sub(1)
                .ok_or_else(|| Error::invalid("out-of-band elicitation count is already zero"))?
        };
        exec.rest_timeouts(self.questions > 0);
        Ok(self.questions)
    }

    /// The user said something.
    pub(crate) fn heard(&mut self, said: &[UserInput]) {
        if self.config.notify.is_some() {
            let texts = said.iter().filter_map(UserInput::text);
            self.said.extend(texts.map(str::to_owned));
        }
    }

    /// What lists show of the thread: what the user said first. What hooks have refused was not said. No list shows
    /// ephemeral threads.
    pub(crate) fn preview(&self) -> String {
        if self.info.ephemeral {
            return self.info.preview.clone();
        }
        let known = Some(self.info.preview.clone()).filter(|known| !known.is_empty());
        known.or_else(|| self.outbox.preview()).unwrap_or_default()
    }

    /// The thread begins with these items: the first user's words become the preview.
    pub(crate) fn heard_items(&mut self, items: &[ResponseItem]) {
        let text = items.iter().find_map(|item| match item {
            ResponseItem::Known(KnownItem::Message { role, content, .. }) if role == "user" => {
                content.iter().find_map(|part| match part {
                    ContentItem::InputText { text, .. } => Some(text.trim()),
                    _ => None,
                })
            }
            _ => None,
        });
        if let Some(text) = text {
            text.clone_into(&mut self.info.preview);
        }
    }

    /// How things stand.
    pub(crate) fn snapshot(&self, include_turns: bool) -> ThreadSnapshot {
        ThreadSnapshot {
            info: ThreadInfo {
                status: self.outbox.status(),
                preview: self.preview(),
                ..self.info.clone()
            },
            settings: (*self.settings).clone(),
            instruction_sources: self.instruction_sources.clone(),
            features: self.config.features.clone(),
            turns: if include_turns {
                self.outbox.turns()
            } else {
                Vec::new()
            },
        }
    }

    /// What identifies a turn to the model's server.
    pub(crate) fn identity(&self, plan: &TurnPlan) -> TurnIdentity {
        TurnIdentity {
            root_turn_id: plan.root_id.clone(),
            parent_turn_id: self.parent_turn_id.clone(),
            client_metadata: self.told_metadata(),
            ..identity(plan.id.to_string(), &plan.settings)
        }
    }

    /// A question to the model beside the thread, as it stands after this turn.
    pub(crate) fn sample_job(
        &self,
        services: &Services,
        request: SampleRequest,
        settings: &ThreadSettings,
    ) -> SampleJob {
        let settings = ThreadSettings {
            effort: request.effort.or_else(|| settings.effort.clone()),
            ..settings.clone()
        };
        let mut client_metadata = request.client_metadata;
        client_metadata.extend(request.turn_trigger.map(|why| ("turn_trigger".into(), why)));
        let id = new_id();
        let identity = TurnIdentity {
            root_turn_id: id.clone(),
            client_metadata,
            ..identity(id, &settings)
        };
        let prepared = if request.without_mcp {
            self.request_with(&McpOffer::default(), &settings, TurnChoices::default())
        } else {
            self.request(&settings, None, None)
        };
        SampleJob {
            turn_id: request.expected_turn_id,
            question: request.prompt,
            window: prepared.context_window,
            prompt: prepared.prompt(services, &settings),
            client: services.client.turn(identity),
            cancel: request.cancel,
        }
    }

    /// The settings that a turn/start asks for, if it can be done.
    fn checked(&self, start: &StartTurn) -> Result<ThreadSettings> {
        input::check(&start.input)?;
        if let Some(output) = &start.tool_output {
            input::check_tool_output(output)?;
        }
        settings::changed(&self.config, &self.settings, &start.settings)
    }

    /// Puts settings in force, and tells if that changes anything. `true`: it does.
    fn apply(&mut self, new: ThreadSettings) -> bool {
        if new == *self.settings {
            return false;
        }
        self.settings = Arc::new(new);
        let settings = &self.settings;
        self.info.model = Some(settings.model.clone());
        self.info.effort.clone_from(&settings.effort);
        self.info.cwd.clone_from(&settings.cwd);
        self.info.workspace_roots.clone_from(&settings.workspace_roots);
        self.info.has_environment = settings.has_environment;
        self.outbox.emit(Event::Settings(Box::new((**settings).clone())));
        true
    }

    /// Puts settings in force that no turn is going to note in the history: that is done here, unless the first turn,
    /// which notes all settings, is still to come.
    fn apply_between_turns(&mut self, new: ThreadSettings) {
        if !self.apply(new) {
            return;
        }
        if self.settings_untold {
            self.outbox.settings_untold(&self.settings);
        } else {
            let entry = Entry::SettingsApplied(Box::new((*self.settings).clone()));
            self.outbox.log().append(vec![entry]);
        }
    }

    /// Tells that requests will do without the service tier that was chosen.
    pub(crate) fn warn_of_missing_tier(&self) {
        let Some(tier) = &self.settings.service_tier else {
            return;
        };
        let model = &self.settings.model;
        if self.models.find(model).0.lacks_tier(tier) {
            self.outbox.emit(Event::Warning(format!(
                "The model `{model}` is not offered in the service tier `{tier}`; requests are sent without it."
            )));
        }
    }

    /// Tells the user that nothing is known of the model: once, until there is another one.
    pub(crate) fn warn_of_unknown_model(&mut self) {
        let model = &self.settings.model;
        if self.warned_of.as_ref() != Some(model) && !self.models.find(model).1 {
            self.warned_of = Some(model.clone());
            self.outbox.emit(Event::Warning(format!(
                "The model `{model}` is unknown; default limits are used. If its name is correct, set \
                 model_context_window in config.toml."
            )));
        }
    }
}

/// A turn as turn/start answers it.
fn in_progress(id: &str, root_id: &str) -> Turn {
    Turn {
        id: id.to_owned(),
        root_turn_id: Some(root_id.to_owned()),
        status: TurnStatus::InProgress,
        items: Vec::new(),
        items_view: ItemsView::NotLoaded,
        error: None,
        started_at: None,
        completed_at: None,
        duration_ms: None,
    }
}

/// What identifies a turn with these settings to the model's server.
/// What turn/start changes of the client's metadata.
fn metadata_of(settings: &mut SettingsPatch) -> ClientMetadata {
    ClientMetadata {
        all: settings.client_metadata.take(),
        more: settings.client_metadata_patch.take(),
    }
}

fn identity(turn_id: String, settings: &ThreadSettings) -> TurnIdentity {
    TurnIdentity {
        turn_id,
        started_at_ms: crate::now_ms(),
        ..delegate::identity(settings)
    }
}
