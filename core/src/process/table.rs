//! The processes of the system, as /proc shows them.

use std::collections::BTreeMap;
use std::fs;

/// A process (proc_pid_stat(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) id: i32,
    pub(super) parent: i32,
    pub(super) group: i32,
    pub(super) session: i32,
    pub(super) zombie: bool,
    /// With the id, tells processes apart that had the same id one after the other: ticks since the system's start.
    pub(super) started: u64,
}

impl Process {
    /// A process by its id; `None` if there is none, or no /proc.
    pub(super) fn find(id: i32) -> Option<Self> {
        parse_stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    /// Whether its environment has this variable, as `NAME=value`. False if we may not look.
    pub(super) fn has_variable(&self, variable: &str) -> bool {
        fs::read(format!("/proc/{}/environ", self.id)).is_ok_and(|environ| {
            environ
                .split(|byte| *byte == 0)
                .any(|one| one == variable.as_bytes())
        })
    }
}

/// All processes, by id, zombies too. Empty where there is no /proc.
pub(super) fn all() -> BTreeMap<i32, Process> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| Process::find(entry.ok()?.file_name().to_str()?.parse().ok()?))
        .map(|process| (process.id, process))
        .collect()
}

/// Whether a process lives. A zombie does not.
#[cfg(test)]
pub(super) fn is_alive(id: i32) -> bool {
    Process::find(id).is_some_and(|process| !process.zombie)
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
        session: fields.get(3)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let stat = "42 (a) b (c) S 7 40 39 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 1 2";
        let expected = Process {
            id: 42,
            parent: 7,
            group: 40,
            session: 39,
            zombie: false,
            started: 98765,
        };
        assert_eq!(parse_stat(stat), Some(expected));
        assert_eq!(parse_stat("nonsense"), None);
    }
}
