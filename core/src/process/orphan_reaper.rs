//! Takes care that no child outlives us, however we end.
//!
//! A second process of our own program holds the reading end of a pipe. We tell it the process groups that we start;
//! when we end, even by SIGKILL, the pipe ends, and it ends those groups and what came out of them: the processes
//! below them, and those that carry our mark in their environment (a process that left its group and lost its
//! parent has nothing else that tells where it came from).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::group::Group;
use crate::sys::process::{self, Process, Signal};

/// The argument that makes the program a guard: see [`orphan_reaper_main`].
pub const ORPHAN_REAPER_ARGUMENT: &str = "--internal-exec-guard";

/// The variable that marks our children.
pub(super) const MARK: &str = "CODEX_EXEC_GUARD";

/// How long children may take to end after SIGTERM.
const GRACE: Duration = Duration::from_millis(300);

/// What the guard is told, one a line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tell<'a> {
    /// The mark of our children.
    Mark(&'a str),
    /// A group is to end with us.
    Hold(Group),
    /// A group has ended.
    Release(Group),
}

impl Tell<'_> {
    pub(super) fn line(self) -> String {
        match self {
            Self::Mark(mark) => format!("={mark}\n"),
            Self::Hold(group) => format!("+{group}\n"),
            Self::Release(group) => format!("-{group}\n"),
        }
    }
}

/// The guard's whole life: reads what to guard on standard input; when that ends, ends it and returns. Runs without
/// the rest of the program: before threads, runtime or log.
pub fn orphan_reaper_main() -> ExitCode {
    let mut groups = BTreeSet::new();
    let mut mark = None;
    for line in io::stdin().lock().lines() {
        // What can't be read counts as the end.
        let Ok(line) = line else { break };
        if let Some(text) = line.strip_prefix('=') {
            mark = Some(format!("{MARK}={text}"));
        } else if let Some(Ok(group)) = line.strip_prefix('+').map(str::parse::<Group>) {
            groups.insert(group);
        } else if let Some(Ok(group)) = line.strip_prefix('-').map(str::parse::<Group>) {
            groups.remove(&group);
        }
    }
    end_all(&groups, mark.as_deref());
    ExitCode::SUCCESS
}

/// Ends groups and what came out of them: asks first, forces after 300 ms. Bounded to 500 ms and the time that it takes
/// to look.
fn end_all(groups: &BTreeSet<Group>, mark: Option<&str>) {
    let mut found = BTreeMap::new();
    for (signal, patience) in [
        (Signal::Terminate, GRACE),
        (Signal::Kill, Duration::from_millis(200)),
    ] {
        let deadline = Instant::now() + patience;
        let mut told = BTreeSet::new();
        loop {
            find(groups, mark, &mut found);
            let groups_left = groups.iter().filter(|group| group.may_have_members());
            let left = groups_left
                .inspect(|group| {
                    if told.insert(-group.id()) {
                        group.signal(signal);
                    }
                })
                .count()
                + found.len();
            for found in found.values().filter(|found| told.insert(found.id)) {
                // What we may not signal is not ours.
                let _ = process::signal_process(found.id, signal);
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

/// Looks for the processes to end: those found before that still live, and new ones. Where the system tells of no processes, it
/// finds none, and the groups are all that is ended.
fn find(groups: &BTreeSet<Group>, mark: Option<&str>, found: &mut BTreeMap<i32, Process>) {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let mut all = process::all_processes();
    // Before zombies are left out: the leader may be one.
    let groups: BTreeSet<i32> = groups
        .iter()
        .filter(|group| match all.get(&group.id()) {
            Some(leader) => group.is_led_by(leader),
            None => all.values().any(|process| group.has_member(process)),
        })
        .map(|group| group.id())
        .collect();
    all.retain(|id, process| *id != own && *id > 1 && !process.zombie);
    found.retain(|id, process| all.get(id).is_some_and(|now| now.started == process.started));
    for process in all.values() {
        let marked = || mark.is_some_and(|mark| process::has_variable(process, mark));
        if groups.contains(&process.group) || marked() {
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

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::sys::process::is_alive;

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
        other_group.signal(Signal::Kill);
    }
}
