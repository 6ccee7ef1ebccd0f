//! The history of a thread: one file, or several that build upon each other (docs/contract/threads.md#thread-resume, docs/contract/threads.md#thread-fork).

use std::io;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use uuid::Uuid;

use crate::history::rollout::line;
use crate::history::rollout::line::{Kind, Line};
use crate::history::rollout::meta::{HistoryBase, SessionMeta};
use crate::history::rollout::source::{Backward, Source};
use crate::{Error, HistoryMode, ThreadId};

/// Forks of forks of forks: beyond this something goes in circles.
const DEPTH: usize = 1000;

/// Where the rollouts of a thread are: by identifier, in any order.
pub(crate) trait FindRollouts {
    /// All files that a base may mean that names this identifier.
    fn rollouts(&self, file_id: Uuid) -> Vec<PathBuf>;
}

/// All lines that belong to a thread.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// Oldest first; never empty. Each ends where its successor's base says.
    pub(crate) segments: Vec<Source>,
    /// First line of the newest file.
    pub(crate) meta: SessionMeta,
    /// The history before the first file is missing.
    pub(crate) incomplete: bool,
}

/// A place in a history: a line of one of its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinePosition {
    segment: usize,
    offset: u64,
}

impl LinePosition {
    /// Where everything begins.
    pub(crate) const START: Self = Self {
        segment: 0,
        offset: 0,
    };
}

/// Why a file is not a thread's history.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// It could not be read.
    #[error("failed to read thread: {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing is in it, or it is of a time when files had no meta line.
    #[error("failed to read thread: rollout at {} is empty", .0.display())]
    Empty(PathBuf),
    /// It has no meta line that can be read.
    #[error(
        "failed to read thread: {}, line {line}: {why}. The file was not changed: correct that line, \
         or put back a copy of the file",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

impl HistoryError {
    /// The meta line does not say whose it is.
    pub(crate) fn without_id(path: &Path) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            line: 1,
            why: "it has no thread id".into(),
        }
    }
}

/// What is told of a history that can't be read on.
#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
pub(crate) fn unreadable(error: io::Error) -> Error {
    Error::UnreadableHistory(format!("failed to read thread: {error}"))
}

impl History {
    /// Opens the history that ends with the file at `path`.
    pub(crate) fn open(path: &Path, find: &dyn FindRollouts) -> Result<Self, HistoryError> {
        let source = Source::open(path).map_err(|source| HistoryError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        let meta = read_meta(&source)?;
        let mut base = meta.history_base;
        let mut history = Self {
            segments: vec![source],
            meta,
            incomplete: false,
        };
        while let Some(at) = base {
            let Some((source, next)) = history.find_base(at, find) else {
                tracing::warn!(path = %path.display(), base = %at.file_id, "the file that a thread builds upon is missing");
                history.incomplete = true;
                break;
            };
            history.segments.push(source);
            base = next;
            if history.segments.len() > DEPTH {
                break;
            }
        }
        history.segments.reverse();
        Ok(history)
    }

    /// The history as clients see it: that of a thread which is attached to another one begins where it was forked.
    pub(crate) fn shown(mut self) -> Self {
        if self.meta.attached_to().is_some() {
            let is_own = |source: &Source| read_meta(source).is_ok_and(|meta| meta.id == self.meta.id);
            let own = self.segments.iter().position(is_own);
            if let Some(own) = own.filter(|own| *own > 0) {
                self.segments.drain(..own);
                self.incomplete = false;
            }
        }
        self
    }

    /// The same history as far as `end` of the newest file.
    pub(crate) fn until(mut self, end: u64) -> Self {
        if let Some(last) = self.segments.pop() {
            self.segments.push(last.until(end));
        }
        self
    }

    /// The file that a base points into, cut where the base ends, with its own base.
    fn find_base(&self, base: HistoryBase, find: &dyn FindRollouts) -> Option<(Source, Option<HistoryBase>)> {
        find.rollouts(base.file_id)
            .into_iter()
            .filter(|path| self.segments.iter().all(|s| s.path() != path))
            .filter_map(|path| Source::open(&path).ok())
            // It may be there in another form than it was listed in.
            .filter(|source| self.segments.iter().all(|s| s.path() != source.path()))
            .find(|source| ends_at(source, base))
            .and_then(|source| {
                let next = read_meta(&source).ok()?.history_base;
                Some((source.until(base.end_byte_offset), next))
            })
    }

    /// How the newest file keeps its lines.
    pub(crate) fn mode(&self) -> HistoryMode {
        self.meta.history_mode.unwrap_or(HistoryMode::Legacy)
    }

    /// The newest file.
    pub(crate) fn newest(&self) -> Option<&Source> {
        self.segments.last()
    }

    /// Where the thread's own lines begin, behind those of the thread that it was made of.
    pub(crate) fn own_start(&self) -> LinePosition {
        let before = self.segments.iter().rev().skip(1);
        // A revert begins another file of the same thread.
        let own = before.take_while(|source| read_meta(source).is_ok_and(|meta| meta.id == self.meta.id));
        let segment = self.segments.len().saturating_sub(1 + own.count());
        LinePosition { segment, offset: 0 }
    }

    /// Where the whole lines of the newest file end: behind that there is a torn line at most.
    pub(crate) fn whole_lines(&self) -> io::Result<u64> {
        let Some(newest) = self.newest() else { return Ok(0) };
        if !newest.is_torn()? {
            return Ok(newest.len());
        }
        let mut lines = newest.backward(newest.len());
        Ok(lines.next()?.map_or(0, |(offset, _)| offset))
    }

    /// Where the line with this ordinal is.
    pub(crate) fn place_of(&self, ordinal: u64) -> io::Result<Option<LinePosition>> {
        for (segment, source) in self.segments.iter().enumerate().rev() {
            if let Some(offset) = source.find_ordinal(ordinal)? {
                return Ok(Some(LinePosition { segment, offset }));
            }
        }
        Ok(None)
    }

    /// How many bytes there are from a place on.
    pub(crate) fn bytes_behind(&self, place: LinePosition) -> u64 {
        let behind = self.segments.iter().skip(place.segment);
        behind.map(Source::len).sum::<u64>().saturating_sub(place.offset)
    }

    /// The history before a place.
    pub(crate) fn cut(&self, end: LinePosition) -> Self {
        let mut history = self.clone();
        history.segments.truncate(end.segment + 1);
        history.until(end.offset)
    }

    /// The history up to the line at a place, that line included.
    pub(crate) fn cut_behind(&self, last: LinePosition) -> io::Result<Self> {
        let mut lines = self.segments[last.segment].forward(last.offset);
        lines.next()?;
        let offset = lines.offset();
        Ok(self.cut(LinePosition { offset, ..last }))
    }

    /// Hands lines over from a place on, oldest first, until `take` says `false`.
    pub(crate) fn each_from(
        &self,
        start: LinePosition,
        mut take: impl FnMut(&Line<'_>) -> bool,
    ) -> io::Result<()> {
        for (index, segment) in self.segments.iter().enumerate().skip(start.segment) {
            let mut lines = segment.forward(if index == start.segment { start.offset } else { 0 });
            while let Some((_, bytes)) = lines.next()? {
                if let Some(line) = Line::parse(bytes)
                    && !take(&line)
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Hands over the lines of the newest file that begin from `start` on and before `end`, until `take` says `false`; so
    /// does this then.
    pub(crate) fn each_within(
        &self,
        start: u64,
        end: u64,
        mut take: impl FnMut(&Line<'_>) -> bool,
    ) -> io::Result<bool> {
        let Some(newest) = self.newest() else {
            return Ok(true);
        };
        let mut lines = newest.forward(start);
        while let Some((offset, bytes)) = lines.next()? {
            if offset >= end {
                break;
            }
            if let Some(line) = Line::parse(bytes)
                && !take(&line)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Hands lines over, newest first, until `take` says `false`.
    pub(crate) fn each_back(&self, mut take: impl FnMut(&Line<'_>) -> bool) -> io::Result<()> {
        for segment in self.segments.iter().rev() {
            let mut lines: Backward<'_> = segment.backward(segment.len());
            while let Some((_, bytes)) = lines.next()? {
                if let Some(line) = Line::parse(bytes)
                    && !take(&line)
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// The meta line: the first line, garbage lines before it aside.
pub(crate) fn read_meta(source: &Source) -> Result<SessionMeta, HistoryError> {
    let mut lines = source.forward(0);
    let path = || source.path().to_path_buf();
    let io = |error| HistoryError::Io {
        path: path(),
        source: error,
    };
    let mut damage = None;
    for number in 1..=10 {
        let Some((_, bytes)) = lines.next().map_err(io)? else {
            break;
        };
        if let Some(line) = Line::parse(bytes)
            && line.kind == Kind::Meta
            && let Some(meta) = line.payload()
        {
            return Ok(meta);
        }
        if damage.is_none() && !bytes.trim_ascii().is_empty() {
            damage = Some((number, damage_of(&bytes)));
        }
    }
    match damage {
        Some((line, Some(why))) => Err(HistoryError::Damaged {
            path: path(),
            line,
            why,
        }),
        _ => Err(HistoryError::Empty(path())),
    }
}

/// What is wrong with a first line; `None`: it is that of a file without meta lines, as they were once.
fn damage_of(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct First {
        #[serde(rename = "type", default)]
        kind: Option<String>,
        #[serde(default)]
        payload: Option<IgnoredAny>,
        #[serde(default)]
        id: Option<ThreadId>,
        #[serde(default)]
        timestamp: Option<IgnoredAny>,
    }
    const WANTED: &str = "a thread's file begins with a `session_meta` line";
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(text) {
        return Some(match error.classify() {
            serde_json::error::Category::Eof => {
                format!("it ends in the middle, at column {}", error.column())
            }
            _ => format!("it is no JSON ({}, at column {})", plain(&error), error.column()),
        });
    }
    match serde_json::from_slice::<First>(text) {
        Ok(First {
            kind: None,
            payload: None,
            id: Some(_),
            timestamp: Some(_),
        }) => None,
        Ok(First { kind: Some(kind), .. }) if kind == "session_meta" => {
            Some("its payload can't be read: it must be an object".into())
        }
        Ok(First { kind: Some(kind), .. }) => {
            let kind: String = kind.chars().filter(|c| !c.is_control()).take(40).collect();
            Some(format!("it is a `{kind}` line, but {WANTED}"))
        }
        _ => Some(format!("it has no `type`, but {WANTED}")),
    }
}

/// The text of an error without its place, which is told in other words.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Whether the lines of `source` up to the base's end are those that the base means.
fn ends_at(source: &Source, base: HistoryBase) -> bool {
    if base.end_byte_offset > source.len() {
        return false;
    }
    let mut lines = source.backward(base.end_byte_offset);
    // Garbage may lie between; a few lines are enough to tell one file from another.
    for _ in 0..20 {
        match lines.next() {
            Ok(Some((_, bytes))) => {
                if let Some(ordinal) = line::ordinal(&bytes) {
                    return ordinal + 1 == base.end_ordinal_exclusive;
                }
            }
            _ => return false,
        }
    }
    false
}
