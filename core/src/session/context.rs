//! What the model is told about its surroundings: all of it at first, later what changed
//! (docs/contract/context.md#first-request, docs/contract/context.md#updates).

mod additional;
mod render;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use self::render::environment_context;
use super::git_context;
use super::history::message;
use crate::config::Config;
use crate::exec::user_shell;
use crate::git::RepositoryContext;
use crate::hex::hex;
use crate::history::Entry;
use crate::instructions;
use crate::model::ResponseItem;
use crate::project_doc::ProjectDoc;
use crate::realtime::Notice;
use crate::skills::{self, SkillsSection};
use crate::{ApprovalPolicy, ContextEntry, ModeKind, ProfileRules, SandboxPolicy, ThreadSettings};

/// What the model knows of its surroundings.
#[derive(Debug, Default)]
pub(crate) struct ContextTracker {
    surroundings: Option<EnvironmentContext>,
    /// The same as the history knows it.
    state: Map<String, Value>,
    /// What the history says that the model knows, before the first turn of a thread that goes on.
    restored: Option<Map<String, Value>>,
    /// Text of the AGENTS.md files.
    project_doc: Option<String>,
    /// The model is told nothing that the project's files say.
    without_project: bool,
    /// What clients gave last, with the keys that they gave it.
    additional: BTreeMap<String, ContextEntry>,
}

/// The environment of a turn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EnvironmentContext {
    model: String,
    developer_instructions: Option<String>,
    /// What the model is told of tools that it has to search for.
    deferred_tools: Option<String>,
    cwd: PathBuf,
    workspace_roots: Vec<PathBuf>,
    has_environment: bool,
    approval_policy: ApprovalPolicy,
    sandbox_policy: SandboxPolicy,
    profile_rules: Option<Arc<ProfileRules>>,
    mode: ModeKind,
    mode_instructions: Option<String>,
    /// What an agent of a team is told of that: its role, and when to start others.
    team: Option<[String; 2]>,
    date: String,
    timezone: Option<String>,
    shell: String,
    /// What is told of repositories; empty where there is none. `None`: nobody has looked, or not in time.
    git: Option<String>,
    /// What was noted in earlier threads; told at first only.
    memories: Option<Arc<str>>,
    /// The list of skills.
    skills: Option<Arc<str>>,
    /// What the user is told of that list when it is told.
    skills_warning: Option<String>,
    /// The voice conversation that runs.
    conversation: Option<Arc<Notice>>,
}

impl EnvironmentContext {
    /// The same for another model.
    pub(crate) fn for_model(self, model: String) -> Self {
        Self { model, ..self }
    }

    /// Of a turn that runs with these settings now.
    pub(crate) fn new(
        settings: &ThreadSettings,
        developer_instructions: Option<&str>,
        deferred_tools: Option<String>,
    ) -> Self {
        Self {
            model: settings.model.clone(),
            developer_instructions: developer_instructions.map(str::to_owned),
            deferred_tools,
            cwd: settings.cwd.clone(),
            workspace_roots: settings.workspace_roots.clone(),
            has_environment: settings.has_environment,
            approval_policy: settings.approval_policy.clone(),
            sandbox_policy: settings.sandbox_policy.clone(),
            profile_rules: settings.profile_rules.clone(),
            mode: settings.collaboration_mode,
            mode_instructions: settings.mode_instructions.clone(),
            team: None,
            date: chrono::Local::now().format("%Y-%m-%d").to_string(),
            timezone: iana_time_zone::get_timezone().ok(),
            shell: shell_name(),
            git: None,
            memories: None,
            skills: None,
            skills_warning: None,
            conversation: None,
        }
    }

    /// While a voice conversation runs, of which this is to be told.
    pub(crate) fn in_conversation(self, conversation: Option<Arc<Notice>>) -> Self {
        Self { conversation, ..self }
    }

    /// With notes of earlier threads.
    pub(crate) fn with_memories(self, memories: Option<&Arc<str>>) -> Self {
        Self {
            memories: memories.cloned(),
            ..self
        }
    }

    /// With the list of skills.
    pub(crate) fn with_skills(self, section: SkillsSection) -> Self {
        Self {
            skills: section.text,
            skills_warning: section.warning,
            ..self
        }
    }

    /// With what is known of the repositories of its folders; `None`: it is not known in time.
    pub(crate) fn with_git(self, repositories: Option<&[RepositoryContext]>) -> Self {
        Self {
            git: repositories.map(|found| git_context::render(found).unwrap_or_default()),
            ..self
        }
    }

    /// The same for an agent of a team.
    pub(crate) fn in_team(self, team: Option<[String; 2]>) -> Self {
        Self { team, ..self }
    }

    /// What the model is told of what it may do.
    fn permissions(&self) -> String {
        let reads_all = self
            .profile_rules
            .as_ref()
            .is_none_or(|rules| rules.readable.is_none());
        instructions::permissions(
            &self.sandbox_policy,
            &self.approval_policy,
            &self.workspace_roots,
            reads_all,
        )
    }

    /// What it is told of its role.
    fn role(&self) -> Option<&String> {
        self.team.as_ref().map(|[role, _]| role)
    }
}

/// What is new for the model, and what the history notes about it.
#[derive(Debug, Default)]
pub(crate) struct ContextUpdate {
    /// Messages in order.
    pub(crate) messages: Vec<ResponseItem>,
    /// [`Entry::WorldState`], if there is any news.
    pub(crate) state: Option<Entry>,
    /// For the user.
    pub(crate) warnings: Vec<String>,
}

impl ContextTracker {
    /// Whether the model knows anything of its surroundings.
    pub(crate) fn is_told(&self) -> bool {
        self.surroundings.is_some() || self.restored.is_some()
    }

    /// From now on the model is told nothing that the project's files say: what they hold may be hostile.
    pub(crate) fn leave_out_project(&mut self) {
        self.without_project = true;
    }

    /// What the model knows by the history.
    pub(crate) fn restored(state: Map<String, Value>) -> Self {
        Self {
            restored: Some(state),
            ..Self::default()
        }
    }

    /// Takes over what the history says. Of long texts it has hashes: those that are as they were count as known, all
    /// others as some other text. What another program has noted in its own way counts as nothing. Gives the project's
    /// document as it is now, of the folder that the history tells of.
    async fn restore(&mut self, config: &Arc<Config>, now: &EnvironmentContext) -> Option<ProjectDoc> {
        let state = self.restored.take()?;
        let get = |key: &str| state.get(key).cloned().unwrap_or_default();
        let known_text = |key: &str, text: Option<&str>| match (get(key), text) {
            (Value::Null, _) => None,
            (Value::String(known), Some(text)) if known == hash(text) => Some(text.to_owned()),
            _ => Some(String::new()),
        };
        let before = || {
            Some(EnvironmentContext {
                model: from(get("model"))?,
                developer_instructions: known_text(
                    "developer_instructions",
                    now.developer_instructions.as_deref(),
                ),
                deferred_tools: known_text("deferred_tools", now.deferred_tools.as_deref()),
                cwd: from(get("cwd"))?,
                workspace_roots: from(get("workspace_roots"))?,
                has_environment: get("has_environment") != Value::Bool(false),
                approval_policy: from(get("approval_policy"))?,
                sandbox_policy: from(get("sandbox_policy"))?,
                // Not kept; to be told again of rules does no harm.
                profile_rules: None,
                mode: from(get("collaboration_mode"))?,
                mode_instructions: known_text("mode_instructions", now.mode_instructions.as_deref()),
                team: known_text("multi_agent_role", now.role().map(String::as_str))
                    .map(|role| [role, String::new()]),
                date: from(get("current_date"))?,
                timezone: from(get("timezone"))?,
                shell: from(get("shell"))?,
                git: from(get("git"))?,
                memories: None,
                skills: known_text("skills_section", now.skills.as_deref()).map(Into::into),
                skills_warning: None,
                conversation: (get("realtime_active") == Value::Bool(true)).then(Arc::default),
            })
        };
        let before = before()?;
        let doc = ProjectDoc::read(config, &before.cwd, before.has_environment).await;
        self.project_doc = known_text("project_doc", doc.text.as_deref());
        self.surroundings = Some(before);
        self.state = state;
        Some(doc)
    }

    /// What must be said for the model to know these surroundings; from then on it knows them.
    pub(crate) async fn update(
        &mut self,
        config: &Arc<Config>,
        mut now: EnvironmentContext,
    ) -> ContextUpdate {
        let mut news = ContextUpdate::default();
        let doc = self.restore(config, &now).await;
        let before = self.surroundings.as_ref();
        if self.without_project {
            now.skills = None;
        }
        if now.git.is_none() {
            now.git = before.and_then(|before| before.git.clone());
        }
        let is_new = |differs: fn(&EnvironmentContext, &EnvironmentContext) -> bool| {
            before.is_none_or(|old| differs(old, &now))
        };

        let mut developer = Vec::new();
        developer.extend(conversation_news(before, &now));
        if let Some(old) = before.filter(|old| old.model != now.model) {
            developer.push(instructions::model_switch(&old.model, &now.model));
        }
        if is_new(|a, b| a.developer_instructions != b.developer_instructions) {
            developer.extend(now.developer_instructions.clone());
        }
        if let (None, Some(notes)) = (before, &now.memories) {
            developer.push(instructions::memories(notes));
        }
        if is_new(|a, b| a.skills != b.skills) {
            match (before.and_then(|before| before.skills.as_ref()), &now.skills) {
                (None, text) => developer.extend(text.as_deref().map(str::to_owned)),
                (Some(_), text) => developer.push(skills::replaced(text.as_deref())),
            }
            news.warnings.extend(now.skills_warning.clone());
        }
        let new_sandbox = is_new(|a, b| {
            a.sandbox_policy != b.sandbox_policy
                || a.profile_rules != b.profile_rules
                || a.workspace_roots != b.workspace_roots
        });
        let permissions = now.permissions();
        let new_permissions = is_new(|a, b| a.profile_rules != b.profile_rules)
            || before.is_none_or(|old| old.permissions() != permissions);
        if new_permissions && now.has_environment && config.include_permissions_instructions {
            developer.push(permissions);
        }
        let new_mode = match before {
            None => now.mode != ModeKind::Default || now.mode_instructions.is_some(),
            Some(old) => old.mode != now.mode || old.mode_instructions != now.mode_instructions,
        };
        if new_mode && config.include_collaboration_mode_instructions {
            developer.push(instructions::collaboration_mode(
                now.mode,
                now.mode_instructions.as_deref(),
            ));
        }
        if is_new(|a, b| a.deferred_tools != b.deferred_tools) {
            developer.extend(now.deferred_tools.clone());
        }
        if !developer.is_empty() {
            news.messages.push(message("developer", developer));
        }
        if let Some(team) = now.team.clone().filter(|_| is_new(|a, b| a.role() != b.role())) {
            news.messages
                .extend(team.map(|text| message("developer", [text])));
        }

        let mut user = Vec::new();
        let new_place = is_new(|a, b| a.cwd != b.cwd || a.has_environment != b.has_environment);
        let has_other_doc = doc.as_ref().is_some_and(|doc| doc.text != self.project_doc);
        if (new_place || has_other_doc) && !self.without_project {
            let doc = match doc.filter(|_| !new_place) {
                Some(doc) => doc,
                None => ProjectDoc::read(config, &now.cwd, now.has_environment).await,
            };
            if before.is_some() && new_place {
                news.warnings.extend(doc.warnings);
            }
            if doc.text != self.project_doc {
                user.extend(match (&self.project_doc, &doc.text) {
                    (Some(_), text) => Some(instructions::project_doc_replaced(text.as_deref())),
                    (None, text) => text.clone(),
                });
                self.project_doc = doc.text;
            }
        }
        let new_time = is_new(|a, b| a.date != b.date || a.timezone != b.timezone);
        if (new_place || new_sandbox || new_time) && config.include_environment_context {
            user.push(environment_context(config, &now, new_place));
        }
        // Who wrote the subjects of commits is not known.
        let is_told = !self.without_project && now.has_environment;
        if let Some(git) = now.git.as_ref().filter(|_| is_told) {
            let known = before
                .and_then(|before| before.git.as_deref())
                .unwrap_or_default();
            match git.as_str() {
                same if same == known => {}
                "" => user.push(git_context::gone()),
                new => user.push(new.to_owned()),
            }
        }
        if !user.is_empty() {
            news.messages.push(message("user", user));
        }

        let full = before.is_none();
        let state = state(&now, self.project_doc.as_deref());
        let changes = state
            .clone()
            .into_iter()
            .filter(|(key, value)| full || self.state.get(key) != Some(value));
        let changes: Map<_, _> = changes.collect();
        if !changes.is_empty() {
            news.state = Some(Entry::WorldState {
                full,
                state: Value::Object(changes),
            });
        }
        self.state = state;
        self.surroundings = Some(now);
        news
    }

    /// What must be said for the model to know of other tools that it does not see, or of their absence.
    pub(crate) async fn update_tools(
        &mut self,
        config: &Arc<Config>,
        tools: Option<String>,
    ) -> ContextUpdate {
        let Some(mut now) = self.surroundings.clone() else {
            return ContextUpdate::default();
        };
        now.deferred_tools = tools;
        self.update(config, now).await
    }

    /// The model that the model's own history was made with, as far as it says.
    pub(crate) fn model(&self) -> Option<String> {
        if let Some(surroundings) = &self.surroundings {
            return Some(surroundings.model.clone());
        }
        let restored = self.restored.as_ref()?;
        // Another program notes it with the mode.
        let noted = restored
            .get("model")
            .or_else(|| restored.get("collaboration_mode")?.get("model"))?;
        noted.as_str().map(str::to_owned)
    }

    /// Everything that the model must know of these surroundings when nothing of its history is left, and what is known
    /// of it from then on. `self` stays as it is.
    pub(crate) async fn begin_again(
        &self,
        config: &Arc<Config>,
        mut now: EnvironmentContext,
    ) -> (Self, ContextUpdate) {
        if now.git.is_none() {
            now.git = self.surroundings.as_ref().and_then(|known| known.git.clone());
        }
        let mut fresh = Self {
            without_project: self.without_project,
            ..Self::default()
        };
        let mut news = fresh.update(config, now).await;
        news.messages.extend(fresh.additional(&self.additional));
        (fresh, news)
    }
}

/// What is told of voice conversations: that one has begun, or has ended.
fn conversation_news(before: Option<&EnvironmentContext>, now: &EnvironmentContext) -> Option<String> {
    let before = before.and_then(|before| before.conversation.as_ref());
    let text = match (before, &now.conversation) {
        (None, Some(begun)) => &begun.start,
        // After a restart its own words are not known any more.
        (Some(ended), None) if ended.end.is_empty() => instructions::REALTIME_ENDED,
        (Some(ended), None) => &ended.end,
        (None, None) | (Some(_), Some(_)) => return None,
    };
    (!text.is_empty()).then(|| instructions::realtime_notice(text))
}

fn from<T: serde::de::DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Name to value; long texts as hashes.
fn state(of: &EnvironmentContext, project_doc: Option<&str>) -> Map<String, Value> {
    let state = json!({
        "model": of.model,
        "developer_instructions": of.developer_instructions.as_deref().map(hash),
        "deferred_tools": of.deferred_tools.as_deref().map(hash),
        "cwd": of.cwd,
        "workspace_roots": of.workspace_roots,
        "approval_policy": of.approval_policy,
        "sandbox_policy": of.sandbox_policy,
        "collaboration_mode": of.mode,
        "mode_instructions": of.mode_instructions.as_deref().map(hash),
        "multi_agent_role": of.role().map(|role| hash(role)),
        "current_date": of.date,
        "timezone": of.timezone,
        "shell": of.shell,
        "git": of.git,
        "skills_section": of.skills.as_deref().map(hash),
        "project_doc": project_doc.map(hash),
        "realtime_active": of.conversation.is_some(),
    });
    match state {
        Value::Object(mut map) => {
            if !of.has_environment {
                map.insert("has_environment".to_owned(), false.into());
            }
            map
        }
        _ => Map::new(),
    }
}

/// Name of the shell that commands run in.
fn shell_name() -> String {
    let shell = user_shell();
    let name = Path::new(&shell).file_name();
    name.map_or_else(|| "sh".into(), |name| name.to_string_lossy().into_owned())
}
