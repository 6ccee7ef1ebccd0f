//! The beginning of a turn: what the model is told of its surroundings, and what the user says.

use std::pin::pin;
use std::sync::Arc;

use futures_util::future::maybe_done;
use futures_util::poll;

use super::{Outcome, Turn, TurnTask};
use crate::agents::TurnOrigin;
use crate::features;
use crate::history::Entry;
use crate::session::history::message;
use crate::session::inbox::TurnInput;
use crate::session::input;
use crate::session::surroundings::Surroundings;
use crate::skills::SkillsSection;
use crate::{Item, ItemBody, UserInput, instructions, new_id, plugins};

impl Turn<'_> {
    /// Tells the model of its surroundings and what the user says.
    pub(super) async fn begin(&mut self) -> Result<(), Outcome> {
        // Skills and hooks are those of the moment when the turn begins. Files are looked at while the rest is prepared.
        let (services, settings) = (self.services, Arc::clone(&self.plan.settings));
        let window = self.plan.request.context_window;
        let converses = matches!(self.plan.task, TurnTask::Regular | TurnTask::Goal(_));
        let skills = async {
            if converses {
                services.skills.section(&settings.cwd, window).await
            } else {
                SkillsSection::default()
            }
        };
        let looks = async { tokio::join!(skills, services.hooks.refresh(&settings.cwd)) };
        let mut looks = pin!(maybe_done(looks));
        let _ = poll!(&mut looks);
        let Self { session, plan, .. } = self;
        let log = services.outbox.log();
        session.load(services, plan.request.context_window).await;
        session.history.limit_outputs(plan.request.output_limit);
        session.history.turn_began(&plan.id);
        let origin = TurnOrigin {
            id: Arc::clone(&plan.id),
            root_id: plan.root_id.as_str().into(),
        };
        services.goals.turn_began(origin).await;
        session.usage.turn_began(Some(plan.request.context_window));
        log.append(vec![Entry::TurnStarted {
            turn_id: plan.id.to_string(),
            root_turn_id: plan.root_id.clone(),
            started_at: plan.started_at,
            model_context_window: Some(plan.request.context_window),
            mode: plan.settings.collaboration_mode,
            trigger: plan.trigger.clone(),
            parent_turn_id: plan.parent_id.clone(),
        }]);
        if !plan.is_handoff {
            services.realtime.turn_began();
        }
        if !converses {
            looks.await;
            if std::mem::take(&mut plan.new_settings) {
                log.append(vec![Entry::SettingsApplied(Box::new((*settings).clone()))]);
            }
            return Ok(());
        }
        let skills = async {
            looks.as_mut().await;
            looks.take_output().unwrap_or_default().0
        };
        self.begin_conversation(skills).await
    }

    /// In a turn that was there for a command of the user, and in which they have said something since.
    pub(super) async fn begin_conversation_late(&mut self) -> Result<(), Outcome> {
        let (services, settings) = (self.services, Arc::clone(&self.plan.settings));
        let window = self.plan.request.context_window;
        self.begin_conversation(services.skills.section(&settings.cwd, window))
            .await
    }

    async fn begin_conversation(
        &mut self,
        skills: impl Future<Output = SkillsSection>,
    ) -> Result<(), Outcome> {
        // What the user says is kept whatever comes of it.
        let compacted = self.compact_before_turn().await;
        // What is told of tools names those of servers that have just started too.
        self.take_up_servers().await;
        let Self {
            services,
            session,
            plan,
            client,
            ..
        } = self;
        let git = async {
            if services.config.features.enabled(features::GIT_CONTEXT) {
                client.git_context().await
            } else {
                None
            }
        };
        let (git, skills) = tokio::join!(git, skills);
        let surroundings = Surroundings {
            settings: &plan.settings,
            request: &plan.request,
            git,
            skills,
            new_settings: plan.new_settings,
        };
        session.tell_surroundings(services, &plan.id, surroundings).await;
        let turn_input = std::mem::take(&mut plan.turn_input);
        let begun = match compacted {
            Ok(()) => self.begin_session().await,
            Err(outcome) => Err(outcome),
        };
        if !matches!(begun, Ok(false)) {
            self.hear(turn_input).await;
        }
        begun.map(drop)
    }

    /// Takes what the user says into the history, and shows it back.
    pub(super) async fn hear(&mut self, turn_input: TurnInput) {
        let Some(contexts) = self.check_prompt(&turn_input).await else {
            return;
        };
        let history = &mut self.session.history;
        // Other agents know nothing of the client's context.
        if turn_input.agent_message.is_none() && !turn_input.is_empty() {
            history.push(self.session.context.additional(&turn_input.additional_context));
        }
        history.push(turn_input.agent_message);
        if let Some(handed_in) = turn_input.tool_output {
            let id = format!("fco_{}", new_id());
            history.push_tool_output(&id, handed_in.clone());
            self.show(
                id,
                ItemBody::FunctionCallOutput {
                    name: handed_in.name,
                    namespace: handed_in.namespace,
                    output: serde_json::to_value(&handed_in.output).unwrap_or_default(),
                },
            )
            .await;
        }
        if turn_input.input.is_empty() {
            return;
        }
        let skills = self
            .services
            .skills
            .named(&self.plan.settings.cwd, &turn_input.input)
            .await;
        let said = input::to_message(&turn_input.input, self.plan.request.image_detail).await;
        let skills = input::skill_messages(&skills).await;
        self.session.history.push(said);
        self.hear_hooks(contexts);
        self.session.history.push(skills);
        self.tell_of_plugins(&turn_input.input).await;
        let said = ItemBody::UserMessage {
            client_id: turn_input.client_id,
            content: turn_input.input,
        };
        self.show(new_id(), said).await;
    }

    /// Tells the model what the plugins bring that the user names.
    async fn tell_of_plugins(&mut self, input: &[UserInput]) {
        let services = self.services;
        for plugin in plugins::mentioned(&services.config, input).await {
            let servers = services.mcp.connected();
            let own = servers
                .iter()
                .filter(|server| server.plugin().is_some_and(|of| of.id == plugin.id));
            let names: Vec<_> = own.map(|server| server.name().to_owned()).collect();
            let told =
                instructions::mentioned_plugin(&plugin.display_name, plugin.skill_prefix.as_deref(), &names);
            self.session
                .history
                .push(told.map(|text| message("developer", [text])));
        }
    }

    /// Tells an item that is complete when it begins.
    async fn show(&mut self, id: String, body: ItemBody) {
        let item = Item {
            id,
            started_at_ms: Some(crate::now_ms()),
            completed_at_ms: None,
            body,
        };
        let outbox = &self.services.outbox;
        outbox.item_started(&self.plan.id, item.clone());
        outbox.complete_in_background(&self.plan.id, item).await;
    }
}
