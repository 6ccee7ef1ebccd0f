//! Starts threads (docs/contract/threads.md#thread-start).

use std::path::PathBuf;

use tokio::sync::mpsc;

use super::assemble::{Assembled, Draft, export, on_warning};
use super::files::ThreadFiles;
use super::new_thread::{new_info, new_meta};
use super::{Engine, Origin};
use crate::agents::AgentTools;
use crate::auth::Account;
use crate::config::{ConfigError, ConfigOverride};
use crate::history::{MetadataPatch, SessionMeta, ThreadLog};
use crate::hooks::SessionStartSource;
use crate::model::ModelCatalog;
use crate::session::{ConversationState, Mail, settings};
use crate::{
    DynamicTools, HistoryMode, Reply, Result, SettingsPatch, ThreadCreator, ThreadId, ThreadInfo,
    ThreadSettings,
};

/// What thread/start asks for.
#[derive(Debug, Clone, Default)]
pub struct StartThread {
    /// Settings that differ from the configuration.
    pub settings: SettingsPatch,
    /// Overrides of the configuration for this thread.
    pub config: Vec<ConfigOverride>,
    /// Replaces the built-in base instructions.
    pub base_instructions: Option<String>,
    /// Goes into the developer message.
    pub developer_instructions: Option<String>,
    /// Lives in memory only.
    pub ephemeral: bool,
    /// The project that it belongs to, which must exist.
    pub project: Option<String>,
    /// How its history is stored.
    pub history_mode: HistoryMode,
    /// The client's mark on it.
    pub daybreak: Option<bool>,
    /// Further folders with skills, absolute.
    pub skill_roots: Vec<PathBuf>,
    /// It takes the place of one that the user has cleared away; hooks are told so.
    pub after_clear: bool,
    /// The client's word for where the thread comes from.
    pub thread_source: Option<String>,
    /// `originator`: name of the client.
    pub originator: String,
    /// `User-Agent` of the client.
    pub user_agent: String,
    /// Tools that the client carries out.
    pub dynamic_tools: DynamicTools,
    /// Tells every item of the model's history, and every response, besides what it means.
    pub raw_events: bool,
}

/// A thread that was just started, resumed or forked.
#[derive(Debug, Clone)]
pub struct StartedThread {
    /// The thread.
    pub info: ThreadInfo,
    /// Its settings.
    pub settings: ThreadSettings,
    /// The service tier that it works with: the one of its settings, unless its model isn't offered in that.
    pub service_tier: Option<String>,
    /// Files that project instructions came from.
    pub instruction_sources: Vec<PathBuf>,
    /// Of a new one: the settings of its project that don't count, in a sentence.
    pub ignored_settings: Option<String>,
}

impl StartedThread {
    pub(super) fn new(
        info: ThreadInfo,
        settings: ThreadSettings,
        instruction_sources: Vec<PathBuf>,
        models: &ModelCatalog,
    ) -> Self {
        let (model, _) = models.find(&settings.model);
        let service_tier = settings.service_tier.clone();
        Self {
            info,
            ignored_settings: None,
            service_tier: service_tier.filter(|tier| !model.lacks_tier(tier)),
            settings,
            instruction_sources,
        }
    }
}

impl Engine {
    /// Starts a thread. `reply` is called before the thread's first event.
    pub async fn start_thread(&self, start: StartThread, reply: Reply<StartedThread>) {
        let channel = mpsc::unbounded_channel();
        let developer_instructions = start.developer_instructions.clone();
        let assembled = match self.prepare(start, &channel.0).await {
            Ok(assembled) => assembled.with_required_servers().await,
            Err(error) => Err(error),
        };
        match assembled {
            Ok(assembled) => {
                let started = assembled.started();
                if let Err(error) = self.note_metadata(&started.info).await {
                    return reply.send(Err(error));
                }
                let keepsake = self.keepsake(&assembled, developer_instructions);
                self.launch(channel, assembled, Origin::Started, || reply.send(Ok(started)));
                if let Some(keepsake) = keepsake {
                    self.keep_unstarted(keepsake);
                }
            }
            Err(error) => reply.send(Err(error)),
        }
    }

    /// Notes what clients have given to a new thread, and its file doesn't tell.
    pub(super) async fn note_metadata(&self, info: &ThreadInfo) -> Result<()> {
        if info.ephemeral {
            return Ok(());
        }
        if info.project.is_some() {
            self.store().assign_project(info.id, info.project.clone()).await?;
        }
        if info.daybreak.is_some() {
            let patch = MetadataPatch {
                daybreak: info.daybreak,
                ..MetadataPatch::default()
            };
            self.store().patch_metadata(info.id, patch).await?;
        }
        Ok(())
    }

    /// Reads the configuration and builds everything that a new thread consists of.
    pub(super) async fn prepare(
        &self,
        mut start: StartThread,
        mail: &mpsc::UnboundedSender<Mail>,
    ) -> Result<Assembled> {
        let asked = start.settings.cwd.take();
        let cwd = match &asked {
            Some(cwd) => settings::folder(cwd)?,
            None => settings::absolute(".".as_ref())?,
        };
        let with_project = start.settings.has_environment != Some(false);
        let files = self.read_files(cwd.clone(), start.config.clone(), with_project);
        let (files, creator) = tokio::join!(files, self.creator());
        let mut files = files?;
        if files.config.permissions_undecided && !start.settings.chooses_sandbox() {
            return Err(ConfigError::Override(
                "[permissions] requires `default_permissions` to name the profile to use".to_owned(),
            )
            .into());
        }
        let initial = |files: &ThreadFiles| {
            let config = &files.config;
            let model = config.model.clone();
            let model = model.unwrap_or_else(|| files.models.default_model());
            settings::initial(config, model, cwd.clone(), &start.settings)
        };
        let mut settings = initial(&files)?;
        if asked.is_some() && self.trust(&cwd, &files.config, &settings).await {
            files = self
                .read_files(cwd.clone(), start.config.clone(), with_project)
                .await?;
            settings = initial(&files)?;
        }
        export(&files.config);
        self.skills.set_plugins(std::mem::take(&mut files.plugin_skills));
        if let Some(age) = files.config.rollout_compress_after {
            self.store().compress_later(age);
        }
        if let Some(provider) = &start.settings.model_provider {
            settings.model_provider.clone_from(provider);
        }
        let id = ThreadId::new();
        let instructions = self.base_instructions(start.base_instructions.clone(), &files)?;
        let now = chrono::Local::now();
        let info = ThreadInfo {
            creator,
            ..new_info(id, &start, &settings, now.timestamp())
        };
        let (log, reading, info) = if start.ephemeral {
            (ThreadLog::none(), None, info)
        } else {
            let path = self.store().layout().rollout(id, now);
            let base = self.instructions_of(&instructions, &settings.model);
            let (model, _) = files.models.find(&settings.model);
            let agents = AgentTools::of_root(&files.config, &model);
            let meta = SessionMeta {
                // Where nothing is said, agents have ids.
                multi_agent_version: agents
                    .filter(|tools| *tools == AgentTools::Paths)
                    .map(|tools| tools.version().to_owned()),
                dynamic_tools: start.dynamic_tools.source().cloned(),
                ..new_meta(&info, Some(base), now.to_utc())
            };
            let log = self.create_log(id, path.clone(), meta, None, on_warning(mail));
            let info = ThreadInfo {
                path: Some(path),
                ..info
            };
            let reading = self.store().new_reading(id);
            (log, Some(reading), info)
        };
        let session = ConversationState::new(log.clone());
        let draft = Draft {
            info,
            settings,
            files,
            instructions,
            developer_instructions: start.developer_instructions,
            user_agent: start.user_agent,
            log,
            reading,
            settings_untold: true,
            raw_events: start.raw_events,
            dynamic_tools: start.dynamic_tools,
            skill_roots: start.skill_roots,
            begins_as: if start.after_clear {
                SessionStartSource::Clear
            } else {
                SessionStartSource::Startup
            },
        };
        self.assemble(draft, session)
    }

    /// Who starts threads now. Reads the stored credentials if nothing has done so yet.
    pub async fn creator(&self) -> Option<ThreadCreator> {
        match self.options.auth.account().await? {
            Account::ApiKey => None,
            Account::ChatGpt {
                user_id, account_id, ..
            } => Some(ThreadCreator { user_id, account_id }),
        }
    }
}
