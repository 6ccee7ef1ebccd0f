//! The commands of one thread.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::Instant;
use tracing::Instrument;

use super::confinement::{CommandSandbox, start, tmpdir};
use super::environment::{Environment, Identity};
use super::input_limits::StartedWith;
use super::session::{CommandSession, Reporter, Started, follow};
use super::waiting::Timeouts;
use crate::config::ShellEnvironmentPolicy;
use crate::outbox::Outbox;
use crate::process::group::Group;
use crate::process::launcher::{Launched, Output};
use crate::process::orphan_reaper_client::Guarded;
use crate::safety::Confinement;
use crate::sandbox::SandboxPlan;
use crate::sys::process::{ResourceUsage, Signal, all_processes};
use crate::sys::terminal::TerminalSize;
use crate::{
    AdditionalPermissions, CommandSource, Event, Item, ItemBody, SandboxPolicy, ThreadId, ThreadSettings,
};

/// Commands that a thread may have at once; a further one ends the least useful.
const MOST: usize = 64;

/// The newest commands that are not ended for a further one.
const PROTECTED: usize = 8;

/// How long commands may take to end when their thread ends.
const GRACE: Duration = Duration::from_millis(300);

/// How long a command may take to end when a client ends it.
const TERMINATION: Duration = Duration::from_secs(2);

/// What is the same for all commands of a thread.
#[derive(Debug, Clone)]
pub(crate) struct ExecOptions {
    /// The thread.
    pub(crate) thread_id: ThreadId,
    /// Root of its tree of sub-agents.
    pub(crate) session_id: String,
    /// `CODEX_HOME`.
    pub(crate) codex_home: PathBuf,
    /// Which variables commands get.
    pub(crate) environment: ShellEnvironmentPolicy,
    /// Whether the model may ask for a login shell.
    pub(crate) allow_login_shell: bool,
    /// How long an empty poll may wait.
    pub(crate) max_poll: Duration,
}

/// The commands of one thread that run.
#[derive(Debug)]
pub(crate) struct ExecSessions {
    thread_id: String,
    session_id: String,
    codex_home: PathBuf,
    environment: Environment,
    allow_login_shell: bool,
    max_poll: Duration,
    timeouts: Timeouts,
    /// A lock, because calls of one turn run side by side, and commands end on their own. Held for a few
    /// instructions.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Commands whose end the model has not been told.
    sessions: BTreeMap<u32, Arc<CommandSession>>,
    /// Commands, or what they left behind, that still run.
    groups: HashMap<Group, Guarded>,
    /// What the user has been told of the sandbox.
    warned: HashSet<String>,
    /// No more commands.
    closed: bool,
}

/// A command to start.
#[derive(Debug)]
pub(crate) struct Launch {
    /// Argument vector.
    pub(crate) argv: Vec<String>,
    /// Working folder, absolute.
    pub(crate) cwd: PathBuf,
    /// Its turn.
    pub(crate) turn_id: Arc<str>,
    /// Its item.
    pub(crate) item: Item,
    /// The model knows it by a number, which is filled in as `process_id`, with the `source` that says so.
    pub(crate) for_model: bool,
    /// It runs in a terminal, where the model can write to it.
    pub(crate) terminal: bool,
    /// The item has been started already, with the question whether the command may run.
    pub(crate) announced: bool,
    /// What holds it in.
    pub(crate) confinement: Confinement,
    /// The model or a rule wanted it to run outside of the sandbox.
    pub(crate) outside: bool,
    /// What it may do beyond the thread's sandbox policy.
    pub(crate) permissions: AdditionalPermissions,
    /// The thread's settings, with the policy and the folders that it speaks of.
    pub(crate) settings: Arc<ThreadSettings>,
}

/// A command that runs in the background.
#[derive(Debug, Clone, PartialEq)]
pub struct BackgroundTerminal {
    /// The command's item.
    pub item_id: String,
    /// The number that the model knows it by.
    pub process_id: String,
    /// The script that its shell runs.
    pub command: String,
    /// Working folder.
    pub cwd: PathBuf,
    /// The process that was started for it.
    pub os_pid: Option<u32>,
    /// What it and its children use, where the system tells.
    pub usage: Option<ResourceUsage>,
}

impl ExecSessions {
    /// No commands yet.
    pub(crate) fn new(options: ExecOptions) -> Arc<Self> {
        Arc::new(Self {
            thread_id: options.thread_id.to_string(),
            session_id: options.session_id,
            codex_home: options.codex_home,
            environment: Environment::new(options.environment),
            allow_login_shell: options.allow_login_shell,
            max_poll: options.max_poll,
            timeouts: Timeouts::default(),
            state: Mutex::default(),
        })
    }

    /// Whether the model may ask for a login shell.
    pub(crate) fn allow_login_shell(&self) -> bool {
        self.allow_login_shell
    }

    /// From now on the time for which commands are waited for rests, or goes on.
    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// See [`Timeouts::rest`].
    pub(crate) fn rest_timeouts(&self, resting: bool) {
        self.timeouts.rest(resting);
    }

    /// How long an empty poll may wait.
    pub(crate) fn max_poll(&self) -> Duration {
        self.max_poll
    }

    /// `PATH` of commands.
    pub(crate) fn search_path(&self) -> OsString {
        let who = Identity {
            thread_id: &self.thread_id,
            session_id: &self.session_id,
            call_id: "",
            network_disabled: false,
        };
        let variables = self.environment.build(std::env::vars_os(), who);
        let path = variables.into_iter().rfind(|(name, _)| name == "PATH");
        path.map(|(_, value)| value).unwrap_or_default()
    }

    /// Starts a command and tells of it; from now on its output streams.
    pub(crate) async fn start(
        self: &Arc<Self>,
        outbox: &Outbox,
        launch: Launch,
    ) -> io::Result<Arc<CommandSession>> {
        let Launch {
            argv,
            cwd,
            turn_id,
            mut item,
            for_model,
            terminal,
            announced,
            confinement,
            outside,
            permissions,
            settings,
        } = launch;
        if self.state().closed {
            return Err(io::Error::other("the thread is ending"));
        }
        self.make_room();

        let started_with = StartedWith::new(&settings, confinement, outside, &permissions);
        let sandbox = CommandSandbox {
            policy: match confinement {
                Confinement::Policy => settings.sandbox_policy.clone(),
                Confinement::ReadOnly => SandboxPolicy::ReadOnly {
                    network_access: false,
                },
                Confinement::None => settings.sandbox_policy.without_limits(),
            },
            folder: settings.cwd.clone(),
            workspace_roots: settings.workspace_roots.clone(),
            codex_home: self.codex_home.clone(),
            profile: settings.profile_rules.as_ref().map(|rules| match confinement {
                Confinement::ReadOnly => Arc::new(rules.denials()),
                Confinement::Policy | Confinement::None => Arc::clone(rules),
            }),
            permissions,
        };
        let who = Identity {
            thread_id: &self.thread_id,
            session_id: &self.session_id,
            call_id: &item.id,
            network_disabled: sandbox.network_disabled(),
        };
        let variables = self.environment.build(std::env::vars_os(), who);
        let plan = sandbox.plan(tmpdir(&variables)).await.map_err(|error| {
            self.warn_of_sandbox(outbox, &error.to_string());
            io::Error::other(error)
        })?;
        for folder in plan.iter().flat_map(SandboxPlan::left_out) {
            self.warn_of_sandbox(outbox, &format!("commands can't write everywhere: {folder}"));
        }
        let begin = Instant::now();
        let size = terminal.then(TerminalSize::default);
        let streams = (Output::Both, false);
        let (launched, running) = start(plan.as_ref(), &argv, variables, &cwd, size, streams).await?;
        let Launched {
            child,
            group: guarded,
            mark,
            output,
            input,
            ..
        } = launched;
        let group = guarded.group();
        let started = Started {
            command: argv,
            cwd,
            group,
            mark,
            input,
            with: started_with,
        };

        let session = {
            let mut state = self.state();
            let id = fresh_id(&state.sessions)?;
            let session = CommandSession::new(id, item.id.as_str().into(), started, self.timeouts.clone());
            state.sessions.insert(id, Arc::clone(&session));
            state.groups.retain(|group, _| group.may_have_members());
            state.groups.insert(group, guarded);
            session
        };
        if for_model && let ItemBody::CommandExecution(command) = &mut item.body {
            command.source = CommandSource::UnifiedExecStartup;
            command.process_id = Some(session.id().to_string());
        }
        if !announced {
            outbox.item_started(&turn_id, item.clone());
        }
        let report = Reporter {
            outbox: outbox.clone(),
            turn_id,
            item,
            begin,
        };
        let all = Arc::clone(self);
        let followed = Arc::clone(&session);
        let following = async move {
            let following = follow(Arc::clone(&followed), child, output, report.clone(), running);
            // A fault of ours costs this command and nothing else.
            if AssertUnwindSafe(following).catch_unwind().await.is_err() {
                tracing::error!("following a command panicked; it is ended");
                all.drop_group(group);
                if followed.exit_code().is_none() {
                    let completing = report.complete("its output was lost by an internal error".into(), -1);
                    let _ = AssertUnwindSafe(completing).catch_unwind().await;
                    followed.completed_with(-1);
                }
            } else if !group.may_have_members() {
                all.drop_group(group);
            }
        };
        tokio::spawn(following.in_current_span());
        Ok(session)
    }

    /// A command that runs, or whose end the model has not been told.
    pub(crate) fn get(&self, id: u32) -> Option<Arc<CommandSession>> {
        self.state().sessions.get(&id).cloned()
    }

    /// The model knows that this command has ended, or will not ask again.
    pub(crate) fn forget(&self, id: u32) {
        self.state().sessions.remove(&id);
    }

    /// The commands that run, in the order of their numbers.
    pub(crate) async fn background_terminals(&self) -> Vec<BackgroundTerminal> {
        let running = self.running();
        let looking = tokio::task::spawn_blocking(move || {
            let processes = all_processes();
            running
                .iter()
                .map(|session| BackgroundTerminal {
                    item_id: session.item_id().to_string(),
                    process_id: session.id().to_string(),
                    command: session.command().last().cloned().unwrap_or_default(),
                    cwd: session.cwd().clone(),
                    os_pid: session.group().leader(),
                    usage: session.group().usage(&processes),
                })
                .collect()
        });
        looking.await.unwrap_or_default()
    }

    /// Ends all commands that run, and resolves when they have ended.
    pub(crate) async fn terminate_all(&self) {
        join_all(self.running().iter().map(|session| session.end(TERMINATION))).await;
    }

    /// Ends the command of this number. False if none of that number runs.
    pub(crate) async fn terminate(&self, id: &str) -> bool {
        let running = self.running();
        let Some(session) = running.iter().find(|session| session.id().to_string() == id) else {
            return false;
        };
        session.end(TERMINATION).await;
        true
    }

    fn running(&self) -> Vec<Arc<CommandSession>> {
        let state = self.state();
        let running = state
            .sessions
            .values()
            .filter(|session| session.exit_code().is_none());
        running.cloned().collect()
    }

    /// Ends all commands and what they left behind, and waits until their items are complete, at most until `deadline`:
    /// asks first, forces after 300 ms or three fifths of the time. No further command starts.
    pub(crate) async fn shutdown(&self, deadline: Instant) {
        let (sessions, groups) = {
            let mut state = self.state();
            state.closed = true;
            (
                std::mem::take(&mut state.sessions),
                std::mem::take(&mut state.groups),
            )
        };
        for session in sessions.values() {
            session.note_stop();
        }
        for group in groups.keys() {
            group.signal(Signal::Terminate);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let force = Instant::now() + GRACE.min(left * 3 / 5);
        // Nobody tells when a group has lost its last member.
        while groups.keys().any(|group| group.may_have_members()) && Instant::now() < force {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Forces.
        drop(groups);
        let items = join_all(sessions.values().map(|session| session.completed()));
        let _ = tokio::time::timeout_at(deadline, items).await;
    }

    /// Tells the user what the sandbox can't do, once.
    fn warn_of_sandbox(&self, outbox: &Outbox, text: &str) {
        if self.state().warned.insert(text.to_owned()) {
            outbox.emit(Event::Warning(text.to_owned()));
        }
    }

    /// Ends what a command left behind.
    fn drop_group(&self, group: Group) {
        let ended = self.state().groups.remove(&group);
        drop(ended);
    }

    /// Makes room for one more: an ended command goes first, else the one not looked at for longest.
    fn make_room(&self) {
        let mut state = self.state();
        if state.sessions.len() < MOST {
            return;
        }
        let mut all: Vec<_> = state.sessions.values().cloned().collect();
        all.sort_by_key(|session| std::cmp::Reverse(session.last_look()));
        let ended = all.iter().rfind(|session| session.exit_code().is_some());
        if let Some(victim) = ended.or_else(|| all.iter().skip(PROTECTED).next_back()).cloned() {
            state.sessions.remove(&victim.id());
            tokio::spawn(async move { victim.end(TERMINATION).await });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A number of four or five digits that no session has.
fn fresh_id(taken: &BTreeMap<u32, Arc<CommandSession>>) -> io::Result<u32> {
    loop {
        let id = 1000 + getrandom::u32().map_err(io::Error::other)? % 99_000;
        if !taken.contains_key(&id) {
            return Ok(id);
        }
    }
}
