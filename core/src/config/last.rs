//! The configuration of a home as it was read last, for what goes on while a file can't be used.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Config, ConfigError, ConfigOverride, ConfigSource};

/// See the module. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct LastConfig {
    /// A lock, because every load of the home's configuration writes. Held for a few instructions.
    config: Arc<Mutex<Option<Arc<Config>>>>,
}

impl LastConfig {
    /// Keeps it if it is that of the home itself.
    pub(super) fn keep(&self, config: &Arc<Config>, cwd: &Path, extra: &[ConfigOverride]) {
        if cwd == config.codex_home && extra.is_empty() {
            *self.config.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(config));
        }
    }

    /// What was kept last; where there is nothing yet, what holds without the files of the home. Administrators' files
    /// must be there to be read, whatever they say. Blocks.
    pub(super) fn or_default(source: &ConfigSource) -> Result<Arc<Config>, ConfigError> {
        let last = source
            .last
            .config
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(last) = last {
            return Ok(last);
        }
        let elsewhere = ConfigSource {
            codex_home: source.codex_home.join("none"),
            profile: None,
            ..source.clone()
        };
        // No project lies in a relative folder.
        let config = Config::load(&elsewhere, Path::new("."), &[])?;
        let mut config = Arc::unwrap_or_clone(config);
        config.codex_home.clone_from(&source.codex_home);
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_file_that_breaks_leaves_what_was_known_and_administrators_keep_their_word() {
        let folder = tempfile::tempdir().expect("a folder");
        let (home, system) = (folder.path().join("home"), folder.path().join("system"));
        for folder in [&home, &system] {
            fs::create_dir(folder).expect("made");
        }
        let source = || ConfigSource {
            codex_home: home.clone(),
            system_folder: Some(system.clone()),
            ..ConfigSource::default()
        };
        fs::write(home.join("config.toml"), "model = 'a'").expect("written");
        let known = source();
        Config::load_home(&known).await.expect("a configuration");
        fs::write(home.join("config.toml"), "model = = 'b'").expect("written");
        let last = Config::load_or_last(&known, home.clone())
            .await
            .expect("the last one");
        assert_eq!(last.model.as_deref(), Some("a"));
        let new = source();
        let default = Config::load_or_last(&new, home.clone())
            .await
            .expect("the default");
        assert_eq!((default.model.as_deref(), &default.codex_home), (None, &home));
        fs::write(system.join("requirements.toml"), "= =").expect("written");
        assert!(Config::load_or_last(&new, home).await.is_err());
    }
}
