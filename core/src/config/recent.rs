//! The configurations that were made last: every start of a thread asks for one, and most find that nothing has changed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::agent_files::RoleFiles;
use super::file::File;
use super::layers::{Layers, Merged, Wanted};
use super::project_root::WorkingFolder;
use super::projects::ProjectTrust;
use super::requirements::Requirements;
use super::{Config, ConfigError, ConfigOverride, ConfigSource};

/// How many are remembered. Threads of one user differ by what they lay over the files, and by the project's trust.
const MAX_KEPT: usize = 8;

/// All that a configuration depends on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ConfigInputs {
    pub(super) layers: Layers,
    /// `requirements.toml`.
    pub(super) requirements: Option<Arc<File>>,
    pub(super) trust: ProjectTrust,
    /// Features that clients have switched.
    pub(super) switches: BTreeMap<&'static str, bool>,
    /// Files of agents.
    pub(super) role_files: RoleFiles,
}

impl ConfigInputs {
    /// Looks at all of it.
    pub(super) fn read(
        source: &ConfigSource,
        folder: &WorkingFolder,
        extra: &[ConfigOverride],
    ) -> Result<Self, ConfigError> {
        let layers = Layers::load(source, Some(folder), extra, Wanted::Enabled)?;
        Ok(Self {
            requirements: Requirements::read(source.system_folder.as_deref())?,
            trust: ProjectTrust::of(&layers, folder),
            switches: source.switches.all(),
            role_files: RoleFiles::find(&source.codex_home),
            layers,
        })
    }
}

/// The last configurations, and what they were made from.
pub(super) struct RecentConfigs(Mutex<Vec<(ConfigInputs, Arc<Config>)>>);

impl RecentConfigs {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The configuration that follows from this, made only if it is none of the last ones.
    pub(super) fn config_of(
        &self,
        inputs: ConfigInputs,
        source: &ConfigSource,
    ) -> Result<Arc<Config>, ConfigError> {
        if let Some(config) = self.known(&inputs) {
            return Ok(config);
        }
        let requirements = Requirements::of(inputs.requirements.as_deref(), &inputs.layers)?;
        let merged = Merged::of(inputs.layers.clone(), requirements)?;
        let mut config = Config::of_merged(merged, source, inputs.trust.clone())?;
        config
            .warnings
            .extend(inputs.role_files.add_to(&mut config.agents));
        let config = Arc::new(config);
        let mut recent = self.lock();
        if recent.len() >= MAX_KEPT {
            recent.remove(0);
        }
        recent.push((inputs, Arc::clone(&config)));
        Ok(config)
    }

    /// One of the last, which thereby becomes the last one.
    fn known(&self, inputs: &ConfigInputs) -> Option<Arc<Config>> {
        let mut recent = self.lock();
        let place = recent.iter().position(|(known, _)| known == inputs)?;
        recent[place..].rotate_left(1);
        let (_, config) = recent.last()?;
        Some(Arc::clone(config))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(ConfigInputs, Arc<Config>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::features::SWITCHABLE;

    #[test]
    fn a_configuration_is_made_again_exactly_when_something_that_it_depends_on_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let (home, system, project) = (
            folder.path().join("home"),
            folder.path().join("system"),
            folder.path().join("project"),
        );
        for folder in [&home, &system, &project] {
            fs::create_dir(folder).expect("made");
        }
        let source = ConfigSource {
            codex_home: home.clone(),
            system_folder: Some(system.clone()),
            ..ConfigSource::default()
        };
        let recent = RecentConfigs::new();
        let load = || {
            let inputs = ConfigInputs::read(&source, &WorkingFolder::new(&project), &[]);
            let config = inputs.and_then(|inputs| recent.config_of(inputs, &source));
            config.expect("a configuration")
        };
        let trusted = format!(
            "model = 'b'\n[projects.'{}']\ntrust_level = 'trusted'",
            project.display()
        );
        let changes: [&dyn Fn(); 8] = [
            &|| {
                fs::create_dir(home.join("agents")).expect("made");
                fs::write(home.join("agents/a.toml"), "name = 'a'").expect("written");
            },
            &|| fs::write(home.join("agents/a.toml"), "name = 'other'").expect("written"),
            &|| fs::write(home.join("config.toml"), "model = 'a'").expect("written"),
            &|| fs::write(home.join("config.toml"), &trusted).expect("written"),
            &|| {
                fs::create_dir(project.join(".codex")).expect("made");
                fs::write(project.join(".codex/config.toml"), "review_model = 'c'").expect("written");
            },
            &|| fs::write(system.join("config.toml"), "personality = 'none'").expect("written"),
            &|| fs::write(system.join("requirements.toml"), "allow_login_shell = false").expect("written"),
            &|| assert!(source.switches.set(SWITCHABLE[0], false)),
        ];
        let mut before = load();
        for (number, change) in changes.into_iter().enumerate() {
            assert!(
                Arc::ptr_eq(&before, &load()),
                "nothing has changed before {number}"
            );
            change();
            let after = load();
            assert_ne!(before, after, "change {number}");
            before = after;
        }
        assert_eq!(before.trusted_folders, [project]);
    }
}
