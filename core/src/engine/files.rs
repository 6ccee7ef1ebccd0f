//! What a thread must know from files before it begins.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::config::{Config, ConfigOverride, ConfigSource, WorkingFolder};
use crate::exec_policy::store::{HomeRules, ThreadRules, read_projects};
use crate::exec_policy::{RuleSet, RulesProblem};
use crate::external_file::{READ_TIMEOUT, in_background, read_text};
use crate::hooks::HookCatalog;
use crate::memory::Memories;
use crate::model::{self, ModelCatalog, ModelInfo};
use crate::plugins;
use crate::project_doc::ProjectDoc;
use crate::skills::PluginSkills;
use crate::{Error, Result};

/// Largest `model_instructions_file` or `experimental_compact_prompt_file`, in bytes.
const MAX_INSTRUCTIONS: usize = 4 << 20;

/// The configuration of a thread, and what its folder says.
pub(super) struct ThreadFiles {
    pub(super) config: Arc<Config>,
    /// What was laid over it for this thread.
    pub(super) overrides: Vec<ConfigOverride>,
    /// Content of `model_instructions_file`, if one is configured. Whether it is needed is for others to say.
    instructions: Option<Result<Arc<str>>>,
    /// The models to choose from.
    pub(super) models: Arc<ModelCatalog>,
    /// AGENTS.md.
    pub(super) doc: ProjectDoc,
    /// What was noted in earlier threads.
    pub(super) memories: Option<Arc<str>>,
    /// What holds for commands.
    pub(super) rules: ThreadRules,
    /// What is wrong with files of rules, unless it was known before.
    pub(super) rules_problems: Vec<RulesProblem>,
    /// Where the skills of plugins are.
    pub(super) plugin_skills: Vec<PluginSkills>,
    /// The hooks, and the folder that they were read for.
    pub(super) hooks: (HookCatalog, PathBuf),
}

type Configured = (
    Arc<Config>,
    Option<Result<Arc<str>>>,
    Option<Vec<ModelInfo>>,
    HookCatalog,
    Vec<PluginSkills>,
);

/// The rules of the folders that the user trusts, and what is wrong with all rules.
type ReadRules = (RuleSet, Vec<RulesProblem>);

impl ThreadFiles {
    /// Reads all of it on another thread; `with_project`: also what the project says to models. A folder that can't be read in time costs only what it would have said.
    pub(super) async fn read(
        source: &ConfigSource,
        home_rules: &Arc<HomeRules>,
        models: &Arc<ModelCatalog>,
        cwd: PathBuf,
        overrides: Vec<ConfigOverride>,
        with_project: bool,
    ) -> Result<Self> {
        let source = source.clone();
        let (tell, mut configured) = oneshot::channel::<Result<Configured>>();
        let (tell_rules, mut read_rules) = oneshot::channel::<ReadRules>();
        let folder = cwd.clone();
        let kept = overrides.clone();
        let home = Arc::clone(home_rules);
        let reading = move || {
            let folder = WorkingFolder::new(&folder);
            let loaded = Config::load_in(&source, &folder, &overrides).map_err(Error::from);
            let loaded = loaded.and_then(|config| {
                let (config, skills) = plugins::with_parts(config);
                let config = with_compact_prompt(config)?;
                let models = own_models(config.model_catalog.as_deref())?;
                Ok((config, models, skills))
            });
            let (config, models, plugins) = match loaded {
                Ok(loaded) => loaded,
                Err(error) => {
                    let _ = tell.send(Err(error));
                    return (ProjectDoc::default(), None);
                }
            };
            let hooks = HookCatalog::of_config(&config, &source, &folder, &overrides);
            let told = (Arc::clone(&config), instructions(&config), models, hooks, plugins);
            let _ = tell.send(Ok(told));
            let mut problems = home.refresh();
            let (rules, more) = read_projects(&config.trusted_folders);
            problems.extend(more);
            let _ = tell_rules.send((rules, problems));
            let memories = config
                .use_memories
                .then(|| Memories::new(&config.codex_home).told_in(folder.path));
            (
                ProjectDoc::load_in(&config, &folder, with_project),
                memories.flatten(),
            )
        };
        let project = in_background(READ_TIMEOUT, reading).await;
        let (config, instructions, own_models, hooks, plugin_skills) = match (configured.try_recv(), &project)
        {
            (Ok(configured), _) => configured?,
            (Err(_), Err(error)) => {
                return Err(Error::Config(format!("config.toml: {error}")));
            }
            (Err(_), Ok(_)) => return Err(Error::internal("the configuration could not be read")),
        };
        let (doc, memories) = project.unwrap_or_else(|error| (ProjectDoc::unread(&cwd, &error), None));
        let Ok((rules, rules_problems)) = read_rules.try_recv() else {
            // What forbids something may be among what could not be read.
            return Err(Error::Config(
                "the rules about commands could not be read in time".to_owned(),
            ));
        };
        let rules = ThreadRules::new(Arc::clone(home_rules), rules);
        Ok(Self {
            rules: rules.with_requirements(&config.requirements),
            config,
            overrides: kept,
            instructions,
            models: models.with_own(own_models),
            doc,
            memories: memories.map(Into::into),
            rules_problems,
            plugin_skills,
            hooks: (hooks, cwd),
        })
    }

    /// The text that the user configured instead of our instructions, if any.
    pub(super) fn instructions(&self) -> Result<Option<Arc<str>>> {
        match &self.instructions {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(Arc::clone(text))),
            Some(Err(error)) => Err(error.clone()),
        }
    }
}

/// Reads the prompt that sums up a history from its file, unless it is given as it is.
fn with_compact_prompt(config: Arc<Config>) -> Result<Arc<Config>> {
    if config.compact_prompt.is_none()
        && let Some(path) = &config.compact_prompt_file
    {
        let text = read_text(path, MAX_INSTRUCTIONS).map_err(|error| {
            Error::Config(format!(
                "experimental_compact_prompt_file {}: {error}",
                path.display()
            ))
        })?;
        let mut config = Arc::unwrap_or_clone(config);
        config.compact_prompt = Some(text.trim().to_owned());
        return Ok(Arc::new(config));
    }
    Ok(config)
}

/// Reads the user's own list of models.
pub(super) fn own_models(path: Option<&Path>) -> Result<Option<Vec<ModelInfo>>> {
    let Some(path) = path else {
        return Ok(None);
    };
    let failed = |why| Error::Config(format!("model_catalog_json {}: {why}", path.display()));
    model::read_own(path).map(Some).map_err(failed)
}

fn instructions(config: &Config) -> Option<Result<Arc<str>>> {
    let path = config.model_instructions_file.as_ref()?;
    Some(match read_text(path, MAX_INSTRUCTIONS) {
        Ok(text) => Ok(text.trim().into()),
        Err(error) => Err(Error::Config(format!(
            "model_instructions_file {}: {error}",
            path.display()
        ))),
    })
}
