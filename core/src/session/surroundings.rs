//! Telling the model of a thread's surroundings: all of them at first, later what has changed.

use super::context::EnvironmentContext;
use super::request::Request;
use super::{ConversationState, Services};
use crate::git::RepositoryContext;
use crate::history::Entry;
use crate::skills::SkillsSection;
use crate::{Event, ThreadSettings};

/// What the surroundings follow from.
pub(super) struct Surroundings<'a> {
    pub(super) settings: &'a ThreadSettings,
    pub(super) request: &'a Request,
    /// `None`: not known in time, or not told.
    pub(super) git: Option<Vec<RepositoryContext>>,
    pub(super) skills: SkillsSection,
    /// The settings are new since the last turn; the history must know.
    pub(super) new_settings: bool,
}

impl ConversationState {
    /// Tells the model, and writes down for which turn.
    pub(super) async fn tell_surroundings(
        &mut self,
        services: &Services,
        turn_id: &str,
        surroundings: Surroundings<'_>,
    ) {
        let Surroundings {
            settings,
            request,
            git,
            skills,
            new_settings,
        } = surroundings;
        let now = environment(services, settings, request, skills).with_git(git.as_deref());
        let news = self.context.update(&services.config, now).await;
        self.history.push(news.messages);
        let context = Entry::TurnContext {
            turn_id: turn_id.to_owned(),
            settings: Box::new(settings.clone()),
            multi_agent_version: services.agents.version(request.agents),
        };
        let applied = new_settings.then(|| Entry::SettingsApplied(Box::new(settings.clone())));
        let entries = news.state.into_iter().chain([context]).chain(applied);
        services.outbox.log().append(entries.collect());
        for warning in news.warnings {
            services.outbox.emit(Event::Warning(warning));
        }
    }
}

/// What the model is to know of a thread with these settings, but for its repositories.
pub(super) fn environment(
    services: &Services,
    settings: &ThreadSettings,
    request: &Request,
    skills: SkillsSection,
) -> EnvironmentContext {
    EnvironmentContext::new(
        settings,
        services.developer_instructions.as_deref(),
        request.unseen_tools(),
    )
    .in_team(services.agents.team(request.agents))
    .with_skills(skills)
    .with_memories(services.memories.as_ref())
    .in_conversation(services.realtime.notice())
}
