//! Loading off the runtime's thread: a home on a file system that hangs holds up whoever needs its configuration, for
//! at most [`READ_TIMEOUT`], and nobody else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::last::LastConfig;
use super::{Config, ConfigError, ConfigOverride, ConfigProblem, ConfigSource, key_warnings};
use crate::external_file::{READ_TIMEOUT, in_background};

/// What a client is told of the configuration when it connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigReport {
    /// It can't be used; see [`check`].
    Problem(ConfigProblem),
    /// It has keys without effect; see [`key_warnings`].
    KeyWarnings(String),
    /// It has values that are not allowed; see [`Config::warnings`].
    Warning(String),
}

impl Config {
    /// As [`Config::load`]. A file that isn't read within [`READ_TIMEOUT`] is an error.
    pub async fn load_in_background(
        source: &ConfigSource,
        cwd: PathBuf,
        extra: Vec<ConfigOverride>,
    ) -> Result<Arc<Self>, ConfigError> {
        let load = move |source: &ConfigSource| Self::load(source, &cwd, &extra);
        within(READ_TIMEOUT, source, load).await?
    }

    /// As [`Self::load_in_background`], without overrides. While a file can't be used: the home's configuration as it was
    /// read last, or else what holds without the files of the home.
    pub async fn load_or_last(source: &ConfigSource, cwd: PathBuf) -> Result<Arc<Self>, ConfigError> {
        match Self::load_in_background(source, cwd, Vec::new()).await {
            Err(ConfigError::File(problem)) => {
                tracing::warn!(%problem, "the configuration can't be read; the last one holds");
                within(READ_TIMEOUT, source, LastConfig::or_default).await?
            }
            loaded => loaded,
        }
    }

    /// As [`Self::load_in_background`], of the home itself: what holds outside of all projects.
    pub async fn load_home(source: &ConfigSource) -> Result<Arc<Self>, ConfigError> {
        Self::load_in_background(source, source.codex_home.clone(), Vec::new()).await
    }
}

/// What is wrong with the configuration of the process for those who want no mistake in it: a file or a value that can't
/// be used, or keys that are unknown. Blocks as long as the file system does.
pub fn strict_problem(source: &ConfigSource) -> Option<String> {
    match Config::load(source, &source.codex_home, &[]) {
        Err(error) => Some(error.to_string()),
        Ok(config) => {
            let problem = config.provider_problems.values().next();
            let unknown = config.unknown_settings.clone();
            unknown.or_else(|| problem.map(ToString::to_string))
        }
    }
}

/// Looks at the configuration of the process: what is wrong with it, else which keys have no effect and which values are
/// not allowed.
pub async fn report(source: &ConfigSource) -> Vec<ConfigReport> {
    let look = |source: &ConfigSource| match Config::load(source, &source.codex_home, &[]) {
        Err(error) => vec![ConfigReport::Problem(error.problem())],
        Ok(config) => {
            let warnings = config.warnings.iter().cloned().map(ConfigReport::Warning);
            let first = match config.provider_problems.values().next() {
                Some(problem) => Some(ConfigReport::Problem(problem.clone())),
                None => key_warnings(source, &[]).map(ConfigReport::KeyWarnings),
            };
            first.into_iter().chain(warnings).collect()
        }
    };
    match within(READ_TIMEOUT, source, look).await {
        Ok(report) => report,
        Err(error) => vec![ConfigReport::Problem(error.problem())],
    }
}

/// As [`key_warnings`], for overrides of one thread. `None` also if they add nothing to what the process has without
/// them.
pub async fn key_warnings_of_thread(source: &ConfigSource, extra: Vec<ConfigOverride>) -> Option<String> {
    let look = move |source: &ConfigSource| {
        let all = key_warnings(source, &extra)?;
        (key_warnings(source, &[]).as_ref() != Some(&all)).then_some(all)
    };
    // A file that can't be read is an error of the thread's start.
    within(READ_TIMEOUT, source, look).await.ok().flatten()
}

pub(super) async fn within<T: Send + 'static>(
    limit: Duration,
    source: &ConfigSource,
    work: impl FnOnce(&ConfigSource) -> T + Send + 'static,
) -> Result<T, ConfigError> {
    let owned = source.clone();
    in_background(limit, move || work(&owned)).await.map_err(|error| {
        ConfigError::File(ConfigProblem {
            path: Some(source.codex_home.join("config.toml")),
            range: None,
            message: error.to_string(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_home_that_hangs_is_a_problem_of_its_file_and_of_nobody_else() {
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let source = ConfigSource {
            codex_home: "/far/away".into(),
            ..ConfigSource::default()
        };
        let stuck = within(Duration::from_millis(20), &source, move |_| wait.recv());
        // Others go on meanwhile.
        let (stuck, ()) = tokio::join!(stuck, tokio::task::yield_now());
        let error = stuck.expect_err("given up").to_string();
        assert!(error.starts_with("/far/away/config.toml: "), "{error}");
        assert!(error.contains("could not be read within 0.02 s"), "{error}");
        drop(release);
    }

    #[tokio::test]
    async fn what_is_loaded_in_the_background_is_what_is_loaded_otherwise() {
        let home = tempfile::tempdir().expect("a folder");
        std::fs::write(home.path().join("config.toml"), "model = \"m\"\nnotify = [\"n\"]").expect("written");
        let source = ConfigSource {
            codex_home: home.path().to_owned(),
            ..ConfigSource::default()
        };
        let loaded = Config::load_in_background(&source, home.path().to_owned(), Vec::new()).await;
        assert_eq!(loaded, Config::load(&source, home.path(), &[]));
        assert_eq!(
            report(&source).await,
            Vec::from_iter(key_warnings(&source, &[]).map(ConfigReport::KeyWarnings))
        );
        let own = |key: &str| vec![ConfigOverride::parse(key).expect("parses")];
        assert_eq!(key_warnings_of_thread(&source, own("model=x")).await, None);
        let warned = key_warnings_of_thread(&source, own("daybreak=true")).await;
        assert!(warned.is_some_and(|text| text.contains("daybreak")));
    }
}
