//! What the beginning of a rollout tells: everything that a row of a list needs.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::chain::HistoryError;
use crate::UserInput;
use crate::history::rollout::codec::input::FileInput;
use crate::history::rollout::legacy;
use crate::history::rollout::line::{EventKind, Kind, Line};
use crate::history::rollout::meta::SessionMeta;
use crate::history::rollout::source::{HEAD_LIMIT, Source};

/// The first user message is looked for no further than this, in bytes.
const LIMIT: usize = 4 << 20;
/// What counts of one line at most: a line is longer where somebody showed an image.
const COUNTED: usize = 64 << 10;

/// The beginning of a rollout.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) meta: SessionMeta,
    /// What is shown of the first user message, or the goal that was set before it; `None` if there is neither so far.
    pub(crate) preview: Option<String>,
    /// The ordinal of the line that tells it, if lines have ordinals.
    pub(crate) preview_ordinal: Option<u64>,
    /// That is the goal.
    pub(crate) is_known_by_goal: bool,
    /// Model and effort of the first turn.
    pub(crate) model: Option<String>,
    pub(crate) effort: Option<String>,
}

/// Reads the beginning of a rollout.
pub(crate) fn read(path: &Path) -> Result<Head, HistoryError> {
    let (head, is_cut) = read_within(path, LIMIT)?;
    if is_cut && !head.is_complete() {
        return Ok(read_within(path, HEAD_LIMIT)?.0);
    }
    Ok(head)
}

/// Reads it, of a compressed file no more than `limit` bytes. Says whether there is more.
fn read_within(path: &Path, limit: usize) -> Result<(Head, bool), HistoryError> {
    let wrap = |source: io::Error| HistoryError::Io {
        path: path.to_path_buf(),
        source,
    };
    let source = Source::open_head(path, limit).map_err(wrap)?;
    let mut lines = source.forward(0);
    let mut head: Option<Head> = None;
    let mut number = 0;
    let mut looked_at = 0;
    while looked_at < LIMIT {
        let Some((_, bytes)) = lines.next().map_err(wrap)? else {
            break;
        };
        looked_at += bytes.len().min(COUNTED);
        let line = Line::parse(bytes);
        let Some(found) = &mut head else {
            head = line.filter(|l| l.kind == Kind::Meta).and_then(|l| {
                Some(Head {
                    meta: l.payload()?,
                    preview: None,
                    preview_ordinal: None,
                    is_known_by_goal: false,
                    model: None,
                    effort: None,
                })
            });
            number += 1;
            if head.is_none() && number == 10 {
                break;
            }
            continue;
        };
        if let Some(line) = line
            && found.take(&line)
        {
            break;
        }
    }
    match head {
        Some(head) => Ok((head, source.len() == limit as u64)),
        // Says what is wrong.
        None => Err(super::chain::read_meta(&source)
            .err()
            .unwrap_or_else(|| HistoryError::Empty(path.to_path_buf()))),
    }
}

impl Head {
    /// Whether the line is the last one that is needed.
    fn take(&mut self, line: &Line<'_>) -> bool {
        match line.kind {
            Kind::TurnContext if self.model.is_none() => {
                #[derive(Deserialize)]
                struct Context {
                    #[serde(default)]
                    model: Option<String>,
                    #[serde(default)]
                    effort: Option<String>,
                }
                if let Some(context) = line.payload::<Context>() {
                    self.model = context.model;
                    self.effort = context.effort;
                }
            }
            Kind::Event(_) if self.preview.is_some() => {}
            Kind::Event(EventKind::UserMessage) => self.preview = legacy::preview(line),
            Kind::Event(EventKind::ItemCompleted) => self.preview = user_item(line),
            Kind::Event(EventKind::Goal) => {
                self.preview = objective(line);
                self.is_known_by_goal = self.preview.is_some();
            }
            _ => {}
        }
        if self.preview.is_some() && self.preview_ordinal.is_none() {
            self.preview_ordinal = line.ordinal;
        }
        self.is_complete()
    }

    /// Whether it tells all that it can. Users don't speak to agents that have a path.
    fn is_complete(&self) -> bool {
        // A goal may come before the first turn.
        let is_known = self.preview.is_some() && !self.is_known_by_goal;
        is_known || (self.model.is_some() && (self.preview.is_some() || self.meta.agent_path.is_some()))
    }
}

/// What a goal that the line tells of is to reach.
pub(crate) fn objective(line: &Line<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Told<'a> {
        #[serde(borrow)]
        goal: Named<'a>,
    }
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        objective: Cow<'a, str>,
    }
    let objective = line.payload::<Told<'_>>()?.goal.objective;
    let objective = objective.trim();
    (!objective.is_empty()).then(|| objective.to_owned())
}

/// What is shown of a `UserMessage` item.
fn user_item(line: &Line<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Completed<'a> {
        #[serde(borrow)]
        item: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct User<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
        #[serde(borrow, default)]
        content: Option<&'a RawValue>,
    }
    let user: User<'_> = serde_json::from_str(line.payload::<Completed<'_>>()?.item.get()).ok()?;
    if user.kind != "UserMessage" {
        return None;
    }
    let content: Vec<FileInput> = serde_json::from_str(user.content?.get()).ok()?;
    let input: Vec<UserInput> = content.into_iter().filter_map(FileInput::into_input).collect();
    UserInput::preview(&input)
}
