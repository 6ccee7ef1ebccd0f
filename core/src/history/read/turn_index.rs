//! Where the turns of a history lie in its files, so that a page of turns reads only its own bytes.

use std::hash::{DefaultHasher, Hasher};
use std::io;

use serde::{Deserialize, Serialize};

use super::chain::History;
use super::turn_assigner::{TurnAssigner, TurnAssignment, TurnHead};
use super::turns::PlacedTurn;
use crate::history::rollout::line::Line;
use crate::history::rollout::source::Source;

/// Lines that belong to no turn are read along rather than jumped over, up to this many bytes.
const GAP: u64 = 4 << 10;
/// Bytes before the end of what was read that must still be the same.
const WITNESS: usize = 256;

/// Where turns lie. Can be put by and gone on with when the newest file has grown.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TurnIndex {
    assigner: TurnAssigner,
    /// By turn, in the order of the files.
    ranges: Vec<Vec<Range>>,
    /// Lines so far, garbage aside.
    lines: u64,
    /// Files of the history.
    segments: usize,
    /// Where reading goes on in the newest file.
    end: u64,
    /// Hash of the bytes before that.
    tail_hash: u64,
    /// The turn of the last line that belongs to one.
    last: Option<usize>,
    /// The last line has no end: more of it may come.
    #[serde(skip)]
    torn: bool,
}

/// Consecutive lines of one turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "KeptRange", into = "KeptRange")]
struct Range {
    segment: usize,
    start: u64,
    end: u64,
    /// Number of its first line in the history.
    line: u64,
    /// Numbered items before it.
    numbered: usize,
}

/// A [`Range`] as it is kept.
type KeptRange = (usize, u64, u64, u64, usize);

impl From<KeptRange> for Range {
    fn from((segment, start, end, line, numbered): KeptRange) -> Self {
        Self {
            segment,
            start,
            end,
            line,
            numbered,
        }
    }
}

impl From<Range> for KeptRange {
    fn from(range: Range) -> Self {
        (range.segment, range.start, range.end, range.line, range.numbered)
    }
}

impl TurnIndex {
    /// Reads a history from its beginning, or from where `kept` ended if that is still true. Gives how many bytes were
    /// read, too.
    pub(crate) fn read(history: &History, kept: Option<Self>) -> io::Result<(Self, u64)> {
        let kept = kept.filter(|map| map.continues_in(history));
        let mut map = kept.unwrap_or_else(|| Self {
            assigner: TurnAssigner::new(history.mode()),
            ranges: Vec::new(),
            lines: 0,
            segments: 0,
            end: 0,
            tail_hash: 0,
            last: None,
            torn: false,
        });
        let mut read = 0;
        let newest = history.segments.len() - 1;
        for (index, source) in history.segments.iter().enumerate() {
            let start = match map.segments {
                0 => 0,
                _ if index == newest => map.end,
                _ => continue,
            };
            map.end = map.walk(index, source, start)?;
            read += map.end - start;
        }
        map.segments = history.segments.len();
        map.tail_hash = history
            .newest()
            .map_or(Ok(0), |newest| tail_hash(newest, map.end))?;
        Ok((map, read))
    }

    /// The turns, in the order in which they began.
    pub(crate) fn turns(&self) -> &[TurnHead] {
        self.assigner.turns()
    }

    /// How much of the newest file was looked through, in bytes.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Whether it can be put by and gone on with.
    pub(crate) fn is_final(&self) -> bool {
        !self.torn
    }

    /// Bytes that the lines of all turns take.
    pub(crate) fn bytes(&self) -> u64 {
        self.ranges
            .iter()
            .flatten()
            .map(|range| range.end - range.start)
            .sum()
    }

    /// Reads the turn with this index. The buffer may be used for one turn after the other.
    pub(crate) fn turn(
        &self,
        history: &History,
        index: usize,
        buffer: &mut Vec<u8>,
    ) -> io::Result<PlacedTurn> {
        let mut placed = PlacedTurn::begin(&self.turns()[index]);
        for range in &self.ranges[index] {
            let Some(source) = history.segments.get(range.segment) else {
                continue;
            };
            let source = source.clone().until(range.end);
            let (mut number, mut numbered) = (range.line, range.numbered);
            let mut lines = source.forward_in(range.start, std::mem::take(buffer));
            while let Some((_, bytes)) = lines.next()? {
                if let Some(line) = Line::parse(bytes) {
                    if self.assigner.heeds(&line) {
                        numbered += usize::from(placed.take(number, &line, numbered));
                    }
                    number += 1;
                }
            }
            *buffer = lines.into_buffer();
        }
        Ok(placed)
    }

    /// Whether the history goes on where this map ends.
    fn continues_in(&self, history: &History) -> bool {
        let same = |newest: &Source| {
            self.end <= newest.len() && tail_hash(newest, self.end).is_ok_and(|now| now == self.tail_hash)
        };
        self.segments == history.segments.len() && history.newest().is_some_and(same)
    }

    /// Sorts the lines of a file; gives where they end.
    fn walk(&mut self, segment: usize, source: &Source, start: u64) -> io::Result<u64> {
        let mut end = start;
        let mut lines = source.forward(start);
        while let Some((offset, bytes)) = lines.next()? {
            let length = bytes.len() as u64;
            if let Some(line) = Line::parse(bytes) {
                if self.assigner.heeds(&line) {
                    let sorted = self.assigner.sort(self.lines, &line);
                    self.place(sorted, segment, offset, offset + length);
                }
                self.lines += 1;
            }
            end = offset + length + 1;
        }
        self.torn = end > source.len();
        Ok(end.min(source.len()))
    }

    fn place(&mut self, sorted: TurnAssignment, segment: usize, start: u64, end: u64) {
        match sorted {
            // It must not be read along with the lines around it.
            TurnAssignment::Nowhere => self.last = None,
            TurnAssignment::TakenBack(left) => {
                self.ranges.truncate(left);
                self.last = None;
            }
            TurnAssignment::Turn { index, numbered } => {
                self.ranges.resize(self.assigner.turns().len(), Vec::new());
                let went_on = self.last.replace(index) == Some(index);
                let ranges = &mut self.ranges[index];
                match ranges.last_mut() {
                    Some(last) if went_on && last.segment == segment && start - last.end <= GAP => {
                        last.end = end;
                    }
                    _ => ranges.push(Range {
                        segment,
                        start,
                        end,
                        line: self.lines,
                        numbered,
                    }),
                }
            }
        }
    }
}

/// A hash of the bytes before `end`: files only grow, and one that was written anew is told by this.
pub(crate) fn tail_hash(source: &Source, end: u64) -> io::Result<u64> {
    let start = end.saturating_sub(WITNESS as u64);
    let mut bytes = [0; WITNESS];
    let got = source.clone().until(end).read_at(start, &mut bytes)?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes[..got]);
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;

    use super::*;
    use crate::history::read::chain::FindRollouts;
    use crate::history::read::turns::Projector;

    /// No thread builds upon another one here.
    struct Alone;

    impl FindRollouts for Alone {
        fn rollouts(&self, _: uuid::Uuid) -> Vec<PathBuf> {
            Vec::new()
        }
    }

    fn open(path: &Path) -> History {
        History::open(path, &Alone).expect("a history")
    }

    /// What reading everything in one go gives.
    fn projected(history: &History) -> Vec<PlacedTurn> {
        let mut projector = Projector::new(history.mode());
        let mut number = 0;
        for source in &history.segments {
            let mut lines = source.forward(0);
            while let Some((_, bytes)) = lines.next().expect("readable") {
                if let Some(line) = Line::parse(bytes) {
                    projector.take(number, &line);
                    number += 1;
                }
            }
        }
        projector.finish()
    }

    fn mapped(history: &History, map: &TurnIndex) -> Vec<PlacedTurn> {
        (0..map.turns().len())
            .map(|index| map.turn(history, index, &mut Vec::new()).expect("readable"))
            .collect()
    }

    fn meta(mode: &str) -> String {
        let id = uuid::Uuid::nil();
        format!(
            r#"{{"timestamp":"2026-01-01T00:00:00Z","ordinal":0,"type":"session_meta","payload":{{"id":"{id}","timestamp":"2026-01-01T00:00:00Z","cwd":"/","originator":"t","cli_version":"1","source":"cli"{mode}}}}}"#
        )
    }

    /// A line of some kind; `turn` and `item` choose among a few.
    fn line(kind: u8, turn: u8, item: u8, ordinal: usize) -> String {
        let payload = match kind {
            0 => format!(r#"{{"type":"task_started","turn_id":"turn-{turn}","started_at":{item}}}"#),
            1 => format!(r#"{{"type":"task_complete","turn_id":"turn-{turn}","completed_at":{item}}}"#),
            2 => format!(r#"{{"type":"turn_aborted","turn_id":"turn-{turn}","reason":"interrupted"}}"#),
            3 => format!(
                r#"{{"type":"item_completed","thread_id":"t","turn_id":"turn-{turn}","item":{{"type":"AgentMessage","id":"i{item}","content":[{{"type":"Text","text":"{ordinal}"}}]}}}}"#
            ),
            4 => format!(r#"{{"type":"user_message","message":"{ordinal}"}}"#),
            5 => format!(r#"{{"type":"agent_message","message":"{ordinal}"}}"#),
            6 => format!(r#"{{"type":"agent_reasoning","text":"{ordinal}"}}"#),
            7 => format!(r#"{{"type":"view_image_tool_call","call_id":"c{item}","path":"/p"}}"#),
            8 => format!(r#"{{"type":"thread_rolled_back","num_turns":{}}}"#, turn % 3),
            9 => r#"{"type":"task_started"}"#.to_owned(),
            10 => r#"{"type":"task_complete"}"#.to_owned(),
            _ => return "x".repeat(usize::from(item) * 600),
        };
        format!(r#"{{"timestamp":"T","ordinal":{ordinal},"type":"event_msg","payload":{payload}}}"#)
    }

    proptest! {
        #[test]
        fn a_map_leads_to_the_turns_that_reading_everything_gives(
            legacy in any::<bool>(),
            lines in proptest::collection::vec((0u8..12, 0u8..4, 0u8..12), 0..60),
            cut in 0usize..60,
            torn in 0usize..120,
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("r.jsonl");
            let mut text = meta(if legacy { "" } else { r#","history_mode":"paginated""# });
            text.push('\n');
            let mut early = text.len();
            for (n, (kind, turn, item)) in lines.iter().enumerate() {
                if n == cut {
                    early = text.len();
                }
                let line = line(*kind, *turn, *item, n + 1);
                text.push_str(&if legacy { line.replacen(&format!(r#""ordinal":{},"#, n + 1), "", 1) } else { line });
                text.push('\n');
            }
            text.truncate(text.len() - torn.min(text.len() - early));
            // A map of the beginning is put by, and gone on with when there is more.
            fs::write(&path, &text[..early]).expect("writable");
            let (kept, _) = TurnIndex::read(&open(&path), None).expect("readable");
            prop_assert!(kept.is_final());
            let kept = serde_json::to_string(&kept).expect("JSON");
            fs::write(&path, &text).expect("writable");
            let history = open(&path);
            let kept: TurnIndex = serde_json::from_str(&kept).expect("a map");
            let (map, read) = TurnIndex::read(&history, Some(kept)).expect("readable");
            prop_assert_eq!(read, (text.len() - early) as u64);
            let expected = projected(&history);
            prop_assert_eq!(mapped(&history, &map), expected.clone());
            let (whole, _) = TurnIndex::read(&history, None).expect("readable");
            prop_assert_eq!(mapped(&history, &whole), expected);
        }
    }

    #[test]
    fn a_file_that_was_written_anew_is_read_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.jsonl");
        let write = |turns: std::ops::Range<u8>| {
            let mut text = meta("") + "\n";
            for n in turns {
                text.push_str(&(line(0, n, 0, 1) + "\n"));
            }
            fs::write(&path, text).expect("writable");
        };
        write(0..3);
        let (kept, _) = TurnIndex::read(&open(&path), None).expect("readable");
        write(4..8);
        let (map, _) = TurnIndex::read(&open(&path), Some(kept)).expect("readable");
        assert_eq!(map.turns().len(), 4);
        assert_eq!(map.turns()[0].id, "turn-4");
    }
}
