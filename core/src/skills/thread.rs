//! A thread's view of skills: those of its folder, as far as its configuration lets it have them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::mentions::Mentions;
use super::section::{self, SkillsSection};
use super::{FolderSkills, Skill, SkillCatalog, SkillQuery};
use crate::UserInput;
use crate::config::Config;

/// Skills, as a thread sees them. Its configuration stays as it was when the thread was loaded.
pub(crate) struct ThreadSkills {
    /// `None`: it has none.
    catalog: Option<Arc<SkillCatalog>>,
    config: Arc<Config>,
    /// Folders that the client chose for the thread.
    selected: Vec<PathBuf>,
    /// The last list for the model. Turns and the preparation ask for it, each for a moment.
    last: Mutex<Option<Rendered>>,
}

struct Rendered {
    skills: Arc<FolderSkills>,
    window: i64,
    section: SkillsSection,
}

impl ThreadSkills {
    /// Those of a thread with this configuration, also in the folders that a client chose for it. Looks for nothing yet.
    pub(crate) fn new(catalog: Arc<SkillCatalog>, config: Arc<Config>, selected: Vec<PathBuf>) -> Arc<Self> {
        Arc::new(Self {
            catalog: Some(catalog),
            config,
            selected,
            last: Mutex::default(),
        })
    }

    /// No skills at all.
    pub(crate) fn none(config: Arc<Config>) -> Arc<Self> {
        Arc::new(Self {
            catalog: None,
            config,
            selected: Vec::new(),
            last: Mutex::default(),
        })
    }

    /// Looks for the skills of a folder, so that the first turn finds them, and for changes from now on. Nobody waits for
    /// it. Call it within a tokio runtime.
    pub(crate) fn prepare(self: &Arc<Self>, cwd: &Path) {
        let Some(catalog) = self.catalog.clone() else {
            return;
        };
        catalog.follow();
        let query = self.query(cwd);
        tokio::spawn(async move {
            catalog.of_thread(&query).await;
        });
    }

    /// What the model is told in a context window of so many tokens.
    pub(crate) async fn section(&self, cwd: &Path, window: i64) -> SkillsSection {
        let Some(catalog) = self
            .catalog
            .as_ref()
            .filter(|_| self.config.skills.include_instructions)
        else {
            return SkillsSection::default();
        };
        // Kept out of the future that every busy thread holds.
        let skills = Box::pin(catalog.of_thread(&self.query(cwd))).await;
        if skills.skills.is_empty() {
            return SkillsSection::default();
        }
        if let Some(known) = self.rendered(&skills, window) {
            return known;
        }
        let (config, listed) = (Arc::clone(&self.config), Arc::clone(&skills));
        // A long list takes a few milliseconds.
        let rendering = tokio::task::spawn_blocking(move || section::render(&listed, &config.skills, window));
        let section = rendering.await.unwrap_or_default();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Rendered {
            skills,
            window,
            section: section.clone(),
        });
        section
    }

    /// The skills that the user names.
    pub(crate) async fn named(&self, cwd: &Path, input: &[UserInput]) -> Vec<Arc<Skill>> {
        let mut mentions = Mentions::default();
        for part in input {
            match part {
                UserInput::Text { text, .. } => mentions.add_text(text),
                UserInput::Skill { path, .. } => mentions.add_path(path),
                _ => {}
            }
        }
        let Some(catalog) = self.catalog.as_ref().filter(|_| !mentions.is_empty()) else {
            return Vec::new();
        };
        // Kept out of the future that every busy thread holds.
        let skills = Box::pin(catalog.of_thread(&self.query(cwd))).await;
        mentions.find(&skills, &self.config.skills)
    }

    /// The list, if it is that of the last time.
    fn rendered(&self, skills: &Arc<FolderSkills>, window: i64) -> Option<SkillsSection> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.as_ref().filter(|last| last.window == window)?;
        Arc::ptr_eq(&last.skills, skills).then(|| last.section.clone())
    }

    fn query(&self, cwd: &Path) -> SkillQuery {
        SkillQuery {
            cwd: cwd.to_owned(),
            project_root_markers: self.config.project_root_markers.clone(),
            bundled: self.config.skills.bundled,
            selected: self.selected.clone(),
        }
    }
}
