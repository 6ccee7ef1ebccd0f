//! Items that clients put into the history while no turn runs.

use std::sync::Arc;

use super::Actor;
use crate::features;
use crate::git::GitProbe;
use crate::model::ResponseItem;
use crate::new_id;
use crate::session::surroundings::Surroundings;

impl Actor {
    /// Appends them, and waits until they are stored. A model that knows nothing yet of its surroundings is told of them
    /// first, as it would be before the user's first words.
    pub(super) async fn inject(&mut self, items: Vec<ResponseItem>) {
        let window = self.state.context_window();
        self.session.load(&self.services, window).await;
        if !self.session.context.is_told() {
            self.tell_surroundings(window).await;
        }
        self.session.history.push(items);
        self.services.outbox.log().flushed().await;
    }

    async fn tell_surroundings(&mut self, window: i64) {
        let services = &self.services;
        let settings = Arc::clone(&self.state.settings);
        let request = self.state.request(&settings, None, None);
        let git = services
            .config
            .features
            .enabled(features::GIT_CONTEXT)
            .then(|| GitProbe::at(settings.workspace()));
        let skills = services.skills.section(&settings.cwd, window).await;
        let git = match git {
            Some(git) => git.context_in_time().await,
            None => None,
        };
        let surroundings = Surroundings {
            settings: &settings,
            request: &request,
            git,
            skills,
            new_settings: std::mem::take(&mut self.state.settings_untold),
        };
        self.session
            .tell_surroundings(services, &new_id(), surroundings)
            .await;
    }
}
