//! Commands in the sandbox, started as the daemon starts them.

use std::ffi::OsString;
use std::io::{IoSlice, PipeReader, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use codex_core::sandbox::{LAUNCHER_ARGUMENT, SandboxLayers, SandboxPlan, SandboxRequest, launcher_main};
use codex_core::test_support::launcher_message;
use codex_core::{ProfileRules, SandboxPolicy};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use tempfile::TempDir;

/// Names the attempt that this program makes instead of running tests.
pub(crate) const ATTEMPT: &str = "SANDBOX_TEST_ATTEMPT";

/// Lets this program be the launcher, or make an attempt from within, before it would run tests.
#[expect(unsafe_code, reason = "the only way to come before the test harness")]
mod early {
    // SAFETY: the C library calls what is listed in this section with no lock held; Rust's library works by then, as
    // far as the launcher needs it.
    #[unsafe(link_section = ".init_array")]
    #[used]
    static EARLY: extern "C" fn() = super::early;
}

extern "C" fn early() {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments
        .get(1)
        .is_some_and(|argument| argument == LAUNCHER_ARGUMENT)
    {
        let code = launcher_main(arguments.into_iter().skip(2).collect());
        // A code can only be compared.
        let code = (0..=255_u8).find(|number| code == (*number).into());
        std::process::exit(code.unwrap_or(1).into());
    }
    if let Ok(attempt) = std::env::var(ATTEMPT) {
        std::process::exit(i32::from(!crate::sandbox_escapes::attempt(&attempt)));
    }
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

impl Ended {
    pub(crate) fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }
}

/// Folders of a user and an agent: a workspace, a home of the daemon, and a folder that is nobody's business.
pub(crate) struct Ground {
    folder: TempDir,
    pub(crate) policy: SandboxPolicy,
    pub(crate) layers: SandboxLayers,
    pub(crate) profile: Option<ProfileRules>,
    pub(crate) roots: Vec<PathBuf>,
    pub(crate) home: Option<PathBuf>,
    /// Run commands by a launcher that was started before, where one serves.
    pub(crate) ahead: bool,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("sandbox").tempdir().unwrap();
        for name in ["work", "outside", "home"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self {
            folder,
            policy: workspace_write(false),
            layers: SandboxLayers::default(),
            profile: None,
            roots: Vec::new(),
            home: None,
            ahead: false,
        }
    }

    pub(crate) fn read_only() -> Self {
        Self {
            policy: SandboxPolicy::ReadOnly {
                network_access: false,
            },
            ..Self::new()
        }
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(crate) fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    pub(crate) fn codex_home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn plan(&self) -> Option<SandboxPlan> {
        let work = self.work();
        SandboxPlan::resolve(&SandboxRequest {
            policy: &self.policy,
            cwd: &work,
            workspace_roots: &self.roots,
            codex_home: &self.codex_home(),
            home: self.home.as_deref(),
            tmpdir: None,
            writable: &[],
            readable: &[],
            profile: self.profile.as_ref(),
            network: false,
            layers: self.layers,
        })
        .unwrap()
    }

    /// A command, confined if the policy says so.
    pub(crate) fn command(&self, words: &[&str], variables: &[(&str, &str)], terminal: bool) -> Command {
        let variables = std::env::vars_os().chain(
            variables
                .iter()
                .map(|(name, value)| (OsString::from(name), OsString::from(value))),
        );
        let mut command = match self.plan() {
            Some(plan) => {
                let wrapped = plan.wrap(words, &self.work(), variables, terminal).unwrap();
                let mut command = Command::new(wrapped.program);
                command
                    .args(wrapped.arguments)
                    .env_clear()
                    .envs(wrapped.variables);
                command
            }
            None => {
                let mut command = Command::new(words[0]);
                command.args(&words[1..]).env_clear().envs(variables);
                command
            }
        };
        command.current_dir(self.work());
        command
    }

    /// Runs a command to its end, at most half a minute.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.run_with(words, &[])
    }

    pub(crate) fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Ended {
        let ahead = self.ahead.then(|| self.run_ahead(words, variables)).flatten();
        ahead.unwrap_or_else(|| run(self.command(words, variables, false)))
    }

    /// Runs a command by a launcher that was started before it was known.
    fn run_ahead(&self, words: &[&str], variables: &[(&str, &str)]) -> Option<Ended> {
        let plan = self.plan()?;
        let own: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        let own = own
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()));
        let more = variables
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()));
        let (request, length, body) = launcher_message(&plan, &self.work(), words, own.chain(more))?;
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut server = Command::new(std::env::current_exe().unwrap())
            .args([LAUNCHER_ARGUMENT, "fork-server"])
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (mut control, theirs) = UnixStream::pair().unwrap();
        send(&ours, &[request], &[theirs.as_fd()]);
        drop(theirs);
        let mut number = [0; 4];
        control.read_exact(&mut number).expect("a launcher is forked");
        control.read_exact(&mut [0]).expect("it is ready");
        drop(ours);
        assert!(server.wait().unwrap().success(), "it ends before its launchers");
        let (reader, writer) = std::io::pipe().unwrap();
        let null = std::fs::File::open("/dev/null").unwrap();
        send(&control, &length, &[null.as_fd(), writer.as_fd(), writer.as_fd()]);
        control.write_all(&body).unwrap();
        drop((writer, control));
        Some(end_of(Forked(i32::from_le_bytes(number)), reader))
    }

    /// Runs a script of the shell.
    pub(crate) fn sh(&self, script: &str) -> Ended {
        self.run(&["/bin/sh", "-c", script])
    }

    /// Runs a script, which has to succeed.
    #[track_caller]
    pub(crate) fn succeeds(&self, script: &str) -> String {
        let ended = self.sh(script);
        assert!(ended.status.success(), "{script}: {ended:?}");
        ended.output
    }
}

/// Write in the workspace, and nowhere else.
pub(crate) fn workspace_write(network_access: bool) -> SandboxPolicy {
    SandboxPolicy::WorkspaceWrite {
        writable_roots: Vec::new(),
        network_access,
        exclude_tmpdir_env_var: true,
        exclude_slash_tmp: true,
    }
}

fn run(mut command: Command) -> Ended {
    let (reader, writer) = std::io::pipe().unwrap();
    let child = command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .process_group(0)
        .spawn()
        .unwrap();
    // Closes our copies of the writing end.
    drop(command);
    end_of(child, reader)
}

/// A child that runs.
trait Running {
    /// How it has ended, if it has.
    fn status(&mut self) -> Option<ExitStatus>;

    /// Ends it.
    fn end(&mut self);
}

impl Running for Child {
    fn status(&mut self) -> Option<ExitStatus> {
        self.try_wait().unwrap()
    }

    fn end(&mut self) {
        self.kill().unwrap();
        self.wait().unwrap();
    }
}

/// The number of a child that another process has forked for us.
struct Forked(i32);

impl Running for Forked {
    fn status(&mut self) -> Option<ExitStatus> {
        let ended = waitpid(Pid::from_raw(self.0), WaitOptions::NOHANG).unwrap();
        ended.map(|(_, status)| ExitStatus::from_raw(status.as_raw()))
    }

    fn end(&mut self) {
        kill_process(Pid::from_raw(self.0).unwrap(), Signal::KILL).unwrap();
        waitpid(Pid::from_raw(self.0), WaitOptions::empty()).unwrap();
    }
}

/// Sends bytes, and files with them.
fn send(socket: &UnixStream, bytes: &[u8], files: &[BorrowedFd<'_>]) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(files)));
    let sent = sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::empty());
    assert_eq!(sent, Ok(bytes.len()));
}

fn end_of(mut child: impl Running, mut reader: PipeReader) -> Ended {
    let reading = std::thread::spawn(move || {
        let mut output = Vec::new();
        reader.read_to_end(&mut output).unwrap();
        String::from_utf8_lossy(&output).into_owned()
    });
    let deadline = Instant::now() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = child.status() {
            break status;
        }
        if Instant::now() > deadline {
            child.end();
            panic!("the command did not end: {:?}", reading.join());
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    Ended {
        status,
        output: reading.join().unwrap(),
    }
}

/// Whether a program is there for tests that are about it.
pub(crate) fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).exists()))
}

/// Writes a file, with the folders to it.
pub(crate) fn put(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
