//! Children with all that they started, also what has left their process group.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::group::Group;
use super::orphan_reaper_client::Mark;
use crate::sys::process::{self, Process, Signal};

/// How long processes are waited for that were sent SIGKILL.
const FORCED: Duration = Duration::from_millis(200);

/// Ends groups and what came out of them: processes below them, and those with a variable that begins with `mark`
/// (`NAME=value…`). Asks first, forces after `grace`. Blocks, for `grace`, 200 ms and the time that it takes to look at
/// most.
pub(super) fn end_all(groups: &BTreeSet<Group>, mark: Option<&str>, grace: Duration) {
    let mut found = BTreeMap::new();
    for (signal, patience) in [(Signal::Terminate, grace), (Signal::Kill, FORCED)] {
        let deadline = Instant::now() + patience;
        let mut told = BTreeSet::new();
        loop {
            // Before anybody ends: whose parent has ended can't be told by it.
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

/// As [`end_all`], for one group and what came out of it, while the caller goes on. The group is asked and forced in time
/// also if looking at all processes takes long, because it has made so many.
pub(crate) fn end_in_background(group: Group, mark: Option<&Mark>, grace: Duration) {
    group.signal(Signal::Terminate);
    let mark = mark.map(Mark::entry);
    tokio::task::spawn_blocking(move || end_all(&BTreeSet::from([group]), mark.as_deref(), grace));
    tokio::spawn(async move {
        tokio::time::sleep(grace).await;
        group.signal(Signal::Kill);
    });
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
    use std::io::{self, BufRead};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::sys::process::is_alive;

    const MARK: &str = "CODEX_TEST_DESCENDANTS";
    const GRACE: Duration = Duration::from_millis(300);

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
        end_all(&BTreeSet::from([group]), None, GRACE);
        assert!(!ids.iter().any(|id| is_alive(*id)));
    }

    #[test]
    fn nothing_that_carries_the_mark_survives() {
        let mark = uuid::Uuid::new_v4().to_string();
        // Its parent ends at once and it has left the group: only the mark tells.
        let (_, marked) = start("setsid bash -c 'echo $$; exec sleep 60' & sleep 0.2", &mark, 1);
        let (other_group, other) = start("echo $$; exec sleep 60", "another", 1);
        end_all(&BTreeSet::new(), Some(&format!("{MARK}={mark}")), GRACE);
        assert!(!is_alive(marked[0]));
        assert!(is_alive(other[0]));
        other_group.signal(Signal::Kill);
    }
}
