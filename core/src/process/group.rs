//! Groups of processes: a child and all that it started, as far as it stayed with it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::sys::process::{self, Process, ResourceUsage, Signal};

/// The process group of a child that leads a session of its own.
///
/// Its number is that of the child, and stays taken as long as the group has a member; afterwards the system may give
/// it to others. So the group knows when its leader was started, and looks whether the number is still its own before
/// it signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Group {
    id: i32,
    /// When the leader was started; 0 where the system doesn't tell.
    started: u64,
}

impl Group {
    /// The group that a child leads. The child has not been waited for.
    pub(crate) fn led_by(child: u32) -> Option<Self> {
        // 0 and 1 would mean our own group, and everybody.
        let id = i32::try_from(child).ok().filter(|id| *id > 1)?;
        let started = process::find_process(id).map_or(0, |leader| leader.started);
        Some(Self { id, started })
    }

    /// The process that leads it, or did.
    pub(crate) fn leader(self) -> Option<u32> {
        u32::try_from(self.id).ok()
    }

    /// What its members and their descendants use; `None` where the system doesn't tell.
    pub(crate) fn usage(self, processes: &BTreeMap<i32, Process>) -> Option<ResourceUsage> {
        let mut members: Vec<i32> = processes
            .values()
            .filter(|process| process.group == self.id)
            .map(|process| process.id)
            .collect();
        let mut next = 0;
        while let Some(parent) = members.get(next).copied() {
            let children = processes.values().filter(|process| process.parent == parent);
            let new: Vec<i32> = children
                .map(|process| process.id)
                .filter(|id| !members.contains(id))
                .collect();
            members.extend(new);
            next += 1;
        }
        members
            .into_iter()
            .filter_map(process::usage)
            .reduce(ResourceUsage::plus)
    }

    /// Its number.
    pub(super) fn id(self) -> i32 {
        self.id
    }

    /// Sends a signal to all members. A group that is gone is no error. Looks at all processes if the leader has ended
    /// and other members live.
    pub(crate) fn signal(self, signal: Signal) {
        if self.may_have_members() && self.is_ours() {
            self.signal_unchecked(signal);
        }
    }

    /// As [`Group::signal`], for those who have just looked whether it is ours.
    pub(super) fn signal_unchecked(self, signal: Signal) {
        if let Err(error) = process::signal_group(self.id, signal) {
            tracing::warn!(group = self.id, ?signal, %error, "a command can't be signalled");
        }
    }

    /// Whether it has members, as far as can be told cheaply: once all have ended and the number was used again, they
    /// may be others.
    pub(crate) fn may_have_members(self) -> bool {
        process::group_exists(self.id)
            && process::find_process(self.id).is_none_or(|process| self.is_led_by(&process))
    }

    /// Whether the group of this number, which has members, is this one.
    fn is_ours(self) -> bool {
        match process::find_process(self.id) {
            Some(process) => self.is_led_by(&process),
            // Where the system tells of no processes, there is nothing to compare.
            None if self.started == 0 => true,
            None => process::all_processes()
                .values()
                .any(|process| self.has_member(process)),
        }
    }

    pub(super) fn is_led_by(self, process: &Process) -> bool {
        self.started == 0 || process.started == self.started
    }

    /// Whether a process belongs to it, the leader having ended. A group of others that got the number would be in
    /// another session, unless its leader, too, began one.
    pub(super) fn has_member(self, process: &Process) -> bool {
        process.group == self.id && process.session == self.id && process.started >= self.started
    }
}

/// As the guard is told of it.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id, self.started)
    }
}

impl FromStr for Group {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (id, started) = text.split_once(':').ok_or(())?;
        let id = id.parse().ok().filter(|id| *id > 1).ok_or(())?;
        let started = started.parse().map_err(drop)?;
        Ok(Self { id, started })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    /// A group, in our session, whose leader has ended and left a process behind; that process.
    fn left_behind() -> (i32, i32) {
        let mut leader = Command::new("/bin/sh")
            .args(["-c", "sleep 60 >/dev/null & echo $!"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("starts");
        let mut line = String::new();
        let mut output = BufReader::new(leader.stdout.take().expect("piped"));
        output.read_line(&mut line).expect("a line");
        leader.wait().expect("ends");
        let id = leader.id().cast_signed();
        (id, line.trim().parse().expect("a number"))
    }

    #[test]
    fn a_group_of_others_that_got_the_number_is_not_signalled() {
        let mut other = Command::new("/bin/sleep")
            .arg("60")
            .process_group(0)
            .spawn()
            .expect("starts");
        let theirs = Group::led_by(other.id()).expect("a group");
        let ours = Group {
            started: theirs.started - 1,
            ..theirs
        };
        assert!(!ours.may_have_members());
        ours.signal(Signal::Kill);
        assert!(other.try_wait().expect("can be asked").is_none(), "it lives");
        theirs.signal(Signal::Terminate);
        other.wait().expect("ends");
    }

    #[test]
    fn nor_if_its_leader_has_ended() {
        let (id, member) = left_behind();
        assert!(process::is_alive(member));
        let ours = Group { id, started: 1 };
        ours.signal(Signal::Kill);
        assert!(process::is_alive(member), "it is in another session");
        ours.signal_unchecked(Signal::Kill);
    }

    #[test]
    fn is_read_as_it_is_written() {
        let group = Group { id: 42, started: 7 };
        assert_eq!(group.to_string().parse(), Ok(group));
        for bad in ["", "42", "1:7", "x:7", "42:"] {
            assert_eq!(bad.parse::<Group>(), Err(()), "{bad}");
        }
    }
}
