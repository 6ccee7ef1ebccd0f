//! How a thread stood when it was last written: read from the end of its history, for resuming and for thread/read.

use std::borrow::Cow;
use std::io;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::chain::History;
use crate::history::rollout::codec::settings::SavedSettings;
use crate::history::rollout::line::{EventKind, Kind, Line};
use crate::history::rollout::log::LogPosition;
use crate::history::rollout::source::Source;
use crate::{HistoryMode, ThreadTokenUsage, TokenUsage};

/// How far back settings are looked for before the beginning of the file is asked instead, in bytes.
const WINDOW: usize = 8 << 20;
/// The same for legacy files.
const LEGACY_WINDOW: usize = 256 << 10;
/// How far back [`last_settings`] looks, in bytes: for each thread of a list.
const SETTINGS_WINDOW: usize = 1 << 20;
/// How many bytes a line counts as at most: what is looked for stands before images, which may be larger than all else.
const COUNTED: usize = 64 << 10;
/// How many are read at most, however they count.
const MAX_READ: usize = 256 << 20;
/// How much of the beginning is looked at.
const HEAD_LINES: usize = 40;

/// How far back was looked.
#[derive(Default)]
struct Looked {
    /// Bytes as they count.
    counted: usize,
    /// Bytes that were read.
    read: usize,
}

impl Looked {
    fn at(&mut self, line: &Line<'_>) {
        let bytes = line.bytes().len();
        self.counted += bytes.min(COUNTED);
        self.read += bytes;
    }

    fn is_beyond(&self, window: usize) -> bool {
        self.counted > window || self.read > MAX_READ
    }
}

/// The end of a history.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    /// Where new lines go on counting.
    pub(crate) position: LogPosition,
    /// The last line has no end.
    pub(crate) torn: bool,
    /// The settings in force.
    pub(crate) settings: SavedSettings,
    /// The model of the last turn, as far as that is found on the way.
    pub(crate) turn_model: Option<String>,
    /// The last turn, and whether it has an end.
    pub(crate) last_turn: Option<(String, bool)>,
    /// When it began, in Unix seconds.
    pub(crate) turn_started_at: Option<i64>,
    /// Token counts.
    pub(crate) usage: Option<ThreadTokenUsage>,
    /// The last context told to the model, all of it: `world_state` lines from the last full one on, oldest first.
    pub(crate) world: Vec<(bool, String)>,
}

/// Reads the end of a history.
pub(crate) fn read(history: &History) -> io::Result<Tail> {
    let mut tail = Tail::default();
    let mut seen = Seen::default();
    // Legacy files have little of what is looked for.
    let window = match history.mode() {
        HistoryMode::Legacy => LEGACY_WINDOW,
        HistoryMode::Paginated => WINDOW,
    };
    let mut looked = Looked::default();
    history.each_back(|line| {
        looked.at(line);
        seen.take(&mut tail, line);
        !(seen.all() || looked.is_beyond(window))
    })?;
    if let Some(newest) = history.newest() {
        tail.torn = newest.is_torn()?;
        if seen.ordinal.is_none()
            && let Some(base) = history.meta.history_base
        {
            seen.ordinal = Some(base.end_ordinal_exclusive);
        }
    }
    tail.position.ordinal = seen.ordinal.map_or(0, |last| last + 1);
    if !(seen.settings && seen.context) {
        head_settings(history, &mut seen)?;
    }
    // Oldest first.
    for saved in seen.saved.into_iter().rev() {
        tail.settings.update(saved);
    }
    tail.world.reverse();
    Ok(tail)
}

/// The last settings that a file tells of, or those of its last turn if that began later. `None` too where they are further back
/// than [`SETTINGS_WINDOW`].
pub(crate) fn last_settings(file: &Source) -> io::Result<Option<SavedSettings>> {
    let (mut lines, mut bytes) = (file.backward(file.len()), 0);
    while let Some((_, text)) = lines.next()? {
        bytes += text.len();
        let found = Line::parse(text).and_then(|line| match line.kind {
            Kind::TurnContext => line.raw_payload().and_then(SavedSettings::from_turn_context),
            Kind::Event(EventKind::SettingsApplied) => applied(&line),
            _ => None,
        });
        if found.is_some() || bytes > SETTINGS_WINDOW {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The last token counts, and the turn that they were told in. `None` too where they are further back than
/// [`read`] looks.
pub(crate) fn usage(history: &History) -> io::Result<Option<(String, ThreadTokenUsage)>> {
    let (mut counted, mut turn, mut looked) = (None, None, Looked::default());
    history.each_back(|line| {
        looked.at(line);
        match line.kind {
            Kind::Event(EventKind::TokenCount) if counted.is_none() => counted = counts(line),
            Kind::Event(EventKind::TaskStarted) if counted.is_some() => {
                turn = line.text_member("turn_id").map(Cow::into_owned);
            }
            _ => {}
        }
        turn.is_none() && !looked.is_beyond(WINDOW)
    })?;
    Ok(turn.zip(counted))
}

fn counts(line: &Line<'_>) -> Option<ThreadTokenUsage> {
    #[derive(Deserialize)]
    struct Count {
        #[serde(default)]
        info: Option<Info>,
    }
    #[derive(Deserialize)]
    struct Info {
        total_token_usage: TokenUsage,
        last_token_usage: TokenUsage,
        #[serde(default)]
        model_context_window: Option<i64>,
    }
    let info = line.payload::<Count>()?.info?;
    Some(ThreadTokenUsage {
        total: info.total_token_usage,
        last: info.last_token_usage,
        model_context_window: info.model_context_window,
    })
}

/// Where an item is in the model's history.
#[derive(Deserialize)]
struct Metadata {
    history_sequence: u64,
    #[serde(default)]
    sampled_through_sequence: u64,
}

/// What was found on the way back.
#[derive(Default)]
struct Seen {
    ordinal: Option<u64>,
    sequence: bool,
    settings: bool,
    context: bool,
    turn: bool,
    ended: Option<String>,
    usage: bool,
    world: bool,
    /// Newest first.
    saved: Vec<SavedSettings>,
}

impl Seen {
    fn all(&self) -> bool {
        self.ordinal.is_some()
            && self.sequence
            && self.settings
            && self.context
            && self.turn
            && self.usage
            && self.world
    }

    fn take(&mut self, tail: &mut Tail, line: &Line<'_>) {
        if self.ordinal.is_none() {
            self.ordinal = line.ordinal;
        }
        if line.kind == Kind::TurnContext && tail.turn_model.is_none() {
            tail.turn_model = line.text_member("model").map(Cow::into_owned);
        }
        match line.kind {
            Kind::Response if !self.sequence => self.position(tail, line),
            Kind::Compacted if !self.sequence => self.position_behind(tail, line),
            Kind::TurnContext if !self.context && !self.settings => {
                if let Some(saved) = line.raw_payload().and_then(SavedSettings::from_turn_context) {
                    self.context = true;
                    self.saved.push(saved);
                }
            }
            Kind::Event(EventKind::SettingsApplied) if !self.settings => {
                if let Some(saved) = applied(line) {
                    self.settings = true;
                    self.context = true;
                    self.saved.push(saved);
                }
            }
            Kind::Event(EventKind::TaskComplete | EventKind::TurnAborted)
                if !self.turn && self.ended.is_none() =>
            {
                self.ended = line.text_member("turn_id").map(Cow::into_owned);
            }
            Kind::Event(EventKind::TaskStarted) if !self.turn => {
                #[derive(Deserialize)]
                struct Started {
                    #[serde(default)]
                    started_at: Option<i64>,
                }
                if let Some(id) = line.text_member("turn_id") {
                    self.turn = true;
                    tail.turn_started_at = line.payload::<Started>().and_then(|event| event.started_at);
                    let ended = self.ended.as_deref() == Some(&*id);
                    tail.last_turn = Some((id.into_owned(), ended));
                }
            }
            Kind::Event(EventKind::TokenCount) if !self.usage => {
                tail.usage = counts(line);
                self.usage = tail.usage.is_some();
            }
            Kind::WorldState if !self.world => {
                #[derive(Deserialize)]
                struct World<'a> {
                    #[serde(default)]
                    full: bool,
                    #[serde(borrow)]
                    state: &'a RawValue,
                }
                if let Some(world) = line.payload::<World<'_>>() {
                    self.world = world.full;
                    tail.world.push((world.full, world.state.get().to_owned()));
                }
            }
            _ => {}
        }
    }

    /// A compaction counts the items that it puts in place of the others.
    fn position_behind(&mut self, tail: &mut Tail, line: &Line<'_>) {
        #[derive(Deserialize)]
        struct Compacted {
            #[serde(default)]
            replacement_history_metadata: Vec<Metadata>,
        }
        let Some(placed) = line.payload::<Compacted>() else {
            return;
        };
        let places = placed.replacement_history_metadata;
        if let Some(last) = places.iter().map(|place| place.history_sequence).max() {
            self.sequence = true;
            tail.position.sequence = last;
            tail.position.sampled_through = places
                .iter()
                .map(|place| place.sampled_through_sequence)
                .max()
                .unwrap_or_default();
        }
    }

    fn position(&mut self, tail: &mut Tail, line: &Line<'_>) {
        #[derive(Deserialize)]
        struct Placed {
            metadata: Metadata,
        }
        self.sequence = true;
        if let Ok(placed) = serde_json::from_slice::<Placed>(line.bytes()) {
            tail.position.sequence = placed.metadata.history_sequence;
            tail.position.sampled_through = placed.metadata.sampled_through_sequence;
        }
    }
}

fn applied(line: &Line<'_>) -> Option<SavedSettings> {
    #[derive(Deserialize)]
    struct Applied<'a> {
        #[serde(borrow)]
        thread_settings: &'a RawValue,
    }
    SavedSettings::from_thread_settings(line.payload::<Applied<'_>>()?.thread_settings.get())
}

/// Settings as they were at the beginning, for what the end does not tell.
fn head_settings(history: &History, seen: &mut Seen) -> io::Result<()> {
    for segment in &history.segments {
        let mut lines = segment.forward(0);
        for _ in 0..HEAD_LINES {
            let Some((_, bytes)) = lines.next()? else { break };
            if let Some(line) = Line::parse(bytes)
                && line.kind == Kind::Event(EventKind::SettingsApplied)
                && let Some(saved) = applied(&line)
            {
                seen.saved.push(saved);
                return Ok(());
            }
        }
    }
    Ok(())
}
