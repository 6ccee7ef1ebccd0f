//! Takes care that no command outlives us, however we end.
//!
//! A second process of our own program holds the reading end of a pipe. We tell it the process groups that we start;
//! when we end, even by SIGKILL, the pipe ends, and it ends those groups and what came out of them: the processes
//! below them, and those that carry our mark in their environment (a process that left its group and lost its
//! parent has nothing else that tells where it came from).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::group::Group;

/// The argument that makes the program a guard: see [`guard_main`].
pub const GUARD_ARGUMENT: &str = "--internal-exec-guard";

/// The variable that marks our commands.
pub(super) const MARK: &str = "CODEX_EXEC_GUARD";

/// How long commands may take to end after SIGTERM.
const GRACE: Duration = Duration::from_millis(300);

static ENABLED: AtomicBool = AtomicBool::new(false);
static GUARD: OnceLock<Option<Guard>> = OnceLock::new();

/// Lets the first command start a guard. Only for programs that call [`guard_main`] when they are given
/// [`GUARD_ARGUMENT`] as their only argument.
pub fn enable_guard() {
    ENABLED.store(true, Ordering::Relaxed);
}

/// The guard's whole life: reads what to guard on standard input; when that ends, ends it and returns. Runs without
/// the rest of the program: before threads, runtime or log.
pub fn guard_main() -> ExitCode {
    let mut groups = BTreeSet::new();
    let mut mark = None;
    let group = |id: &str| Group::led_by(id.parse().ok()?);
    for line in io::stdin().lock().lines() {
        // What can't be read counts as the end.
        let Ok(line) = line else { break };
        if let Some(text) = line.strip_prefix('=') {
            mark = Some(format!("{MARK}={text}"));
        } else if let Some(group) = line.strip_prefix('+').and_then(group) {
            groups.insert(group);
        } else if let Some(group) = line.strip_prefix('-').and_then(group) {
            groups.remove(&group);
        }
    }
    end_all(&groups, mark.as_deref());
    ExitCode::SUCCESS
}

/// A group that ends with us. Dropping it releases the group.
#[derive(Debug)]
pub(super) struct Guarded(Group);

impl Guarded {
    /// Has the group ended when we end.
    pub(super) fn new(group: Group) -> Self {
        if let Some(guard) = guard() {
            guard.tell(&format!("+{}\n", group.id()));
        }
        Self(group)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(guard) = guard() {
            guard.tell(&format!("-{}\n", self.0.id()));
        }
    }
}

/// The value of [`MARK`] for commands; starts the guard if there is none yet.
pub(super) fn mark() -> Option<&'static str> {
    guard().map(|guard| guard.mark.as_str())
}

#[derive(Debug)]
struct Guard {
    /// A lock, because commands of all threads are registered over one pipe. Held for one short write.
    pipe: Mutex<ChildStdin>,
    mark: String,
}

impl Guard {
    fn start() -> io::Result<Self> {
        // Not the name of our file: it may have been replaced since we started.
        let program = if cfg!(target_os = "linux") {
            "/proc/self/exe".into()
        } else {
            std::env::current_exe()?
        };
        let mut child = Command::new(program)
            .arg0("codex-app-server")
            .arg(GUARD_ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A signal to our group, as from Ctrl-C, must not end it before us.
            .process_group(0)
            .spawn()?;
        let pipe = child
            .stdin
            .take()
            .ok_or_else(|| io::Error::other("the guard has no standard input"))?;
        let guard = Self {
            pipe: Mutex::new(pipe),
            mark: uuid::Uuid::new_v4().simple().to_string(),
        };
        guard.tell(&format!("={}\n", guard.mark));
        Ok(guard)
    }

    fn tell(&self, line: &str) {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = pipe.write_all(line.as_bytes()) {
            tracing::warn!(%error, "the guard is gone: commands may outlive this process if it is killed");
        }
    }
}

fn guard() -> Option<&'static Guard> {
    let start = || match Guard::start() {
        Ok(guard) => Some(guard),
        Err(error) => {
            tracing::warn!(%error, "no guard: commands may outlive this process if it is killed");
            None
        }
    };
    if ENABLED.load(Ordering::Relaxed) {
        GUARD.get_or_init(start).as_ref()
    } else {
        None
    }
}

/// Ends groups and what came out of them: asks, waits a little, then forces.
fn end_all(groups: &BTreeSet<Group>, mark: Option<&str>) {
    let mut found = BTreeMap::new();
    for (signal, patience) in [(Signal::TERM, GRACE), (Signal::KILL, Duration::from_millis(200))] {
        let deadline = Instant::now() + patience;
        let mut told = BTreeSet::new();
        loop {
            find(groups, mark, &mut found);
            let groups_left = groups.iter().filter(|group| group.has_members());
            let left = groups_left
                .inspect(|group| group.signal_once(signal, &mut told))
                .count()
                + found.len();
            for process in found.values().filter(|process| told.insert(process.id)) {
                if let Some(id) = Pid::from_raw(process.id) {
                    // It may have ended meanwhile.
                    let _ = kill_process(id, signal);
                }
            }
            if left == 0 {
                return;
            }
            if Instant::now() >= deadline {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Group {
    fn signal_once(self, signal: Signal, told: &mut BTreeSet<i32>) {
        if told.insert(-self.id()) {
            self.signal(signal);
        }
    }
}

/// A process as /proc shows it (proc_pid_stat(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    id: i32,
    parent: i32,
    group: i32,
    zombie: bool,
    /// With the id, tells processes apart that had the same id one after the other.
    started: u64,
}

/// Looks for the processes to end: those found before that still live, and new ones. Where there is no /proc, it
/// finds none, and the groups are all that is ended.
fn find(groups: &BTreeSet<Group>, mark: Option<&str>, found: &mut BTreeMap<i32, Process>) {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let all: BTreeMap<i32, Process> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|id| *id != own && *id > 1)
        .filter_map(|id| {
            Some((
                id,
                parse_stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?,
            ))
        })
        .filter(|(_, process)| !process.zombie)
        .collect();
    found.retain(|id, process| all.get(id).is_some_and(|now| now.started == process.started));
    for process in all.values() {
        let marked = || mark.is_some_and(|mark| has_variable(process.id, mark));
        if groups.iter().any(|group| group.id() == process.group) || marked() {
            found.insert(process.id, *process);
        }
    }
    // Children of what was found, and theirs.
    loop {
        let before = found.len();
        for process in all.values() {
            if found.contains_key(&process.parent) {
                found.insert(process.id, *process);
            }
        }
        if found.len() == before {
            return;
        }
    }
}

fn parse_stat(stat: &str) -> Option<Process> {
    // The name, in brackets, may hold anything.
    let (id, rest) = stat.split_once(" (")?;
    let fields: Vec<&str> = rest.rsplit_once(") ")?.1.split_ascii_whitespace().collect();
    Some(Process {
        id: id.parse().ok()?,
        zombie: matches!(fields.first(), Some(&("Z" | "X"))),
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

fn has_variable(process: i32, variable: &str) -> bool {
    fs::read(format!("/proc/{process}/environ")).is_ok_and(|environ| {
        environ
            .split(|byte| *byte == 0)
            .any(|one| one == variable.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let stat = "42 (a) b (c) S 7 40 40 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 1 2";
        let expected = Process {
            id: 42,
            parent: 7,
            group: 40,
            zombie: false,
            started: 98765,
        };
        assert_eq!(parse_stat(stat), Some(expected));
        assert_eq!(parse_stat("nonsense"), None);
    }

    /// Runs a script in a group of its own, and reads the process ids that it prints, one a line.
    fn start(script: &str, mark: &str, count: usize) -> (Group, Vec<i32>) {
        let mut child = Command::new("/bin/bash")
            .args(["-c", script])
            .env(MARK, mark)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("starts");
        let group = Group::led_by(child.id()).expect("a group");
        let lines = io::BufReader::new(child.stdout.take().expect("piped")).lines();
        let ids = lines
            .take(count)
            .map(|line| line.expect("a line").parse().expect("a number"))
            .collect();
        std::thread::spawn(move || child.wait());
        (group, ids)
    }

    fn is_alive(id: i32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        parse_stat(&stat).is_some_and(|process| !process.zombie)
    }

    #[test]
    fn nothing_of_a_group_survives() {
        // The leader, a member that ignores SIGTERM, a child that left the group.
        let script = "echo $$; (trap '' TERM; echo $BASHPID; while :; do sleep 0.1; done) & \
                      setsid bash -c 'echo $$; exec sleep 60' & wait";
        let (group, ids) = start(script, "of-another-test", 3);
        end_all(&BTreeSet::from([group]), None);
        assert!(!ids.iter().any(|id| is_alive(*id)));
    }

    #[test]
    fn nothing_that_carries_the_mark_survives() {
        let mark = uuid::Uuid::new_v4().to_string();
        // Its parent ends at once and it has left the group: only the mark tells.
        let (_, marked) = start("setsid bash -c 'echo $$; exec sleep 60' & sleep 0.2", &mark, 1);
        let (other_group, other) = start("echo $$; exec sleep 60", "another", 1);
        end_all(&BTreeSet::new(), Some(&format!("{MARK}={mark}")));
        assert!(!is_alive(marked[0]));
        assert!(is_alive(other[0]));
        other_group.signal(Signal::KILL);
    }
}
