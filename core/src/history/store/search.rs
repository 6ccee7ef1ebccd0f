//! Search in what users and agents said: case does not matter.

use std::borrow::Cow;
use std::path::PathBuf;

use memchr::memchr2;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::cursor::{PlaceCursor, Scope};
use super::text_index::Stretches;
use super::{ListPage, ListQuery, ThreadStore, list};
use crate::history::index::grams::fold;
use crate::history::read::chain::{History, LinePosition, unreadable};
use crate::history::read::head;
use crate::history::read::turns::completed_item;
use crate::history::rollout::legacy;
use crate::history::rollout::line::{EventKind, Kind, Line};
use crate::one_line::on_one_line;
use crate::{Error, Field, HistoryMode, ItemBody, Result, ThreadId, ThreadInfo, ThreadOperation, UserInput};

/// Characters of a snippet before what was found.
const BEFORE: usize = 49;
/// And behind it.
const BEHIND: usize = 96;
/// Stands for what a snippet leaves out before.
const CUT_BEFORE: &str = "... ";
/// And behind.
const CUT_BEHIND: &str = " ...";

/// A place where something was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The turn.
    pub turn_id: String,
    /// The item.
    pub item_id: String,
    /// Text around the place.
    pub snippet: String,
    /// First character of the match in the snippet.
    pub start: usize,
    /// One past the last character.
    pub end: usize,
    /// Begins a page of turns with this turn.
    pub turn_cursor: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cursor {
    thread_id: ThreadId,
    search_term: String,
    next_rollout_ordinal: u64,
    next_occurrence_index: usize,
}

impl ThreadStore {
    /// A page of the threads in which something is said, each with a snippet. `found` is told each one at once. An
    /// error as soon as `cancel` says so, also in the middle of a large file; dropping the future has the same effect.
    pub async fn search(
        &self,
        query: ListQuery,
        term: &str,
        cancel: &CancellationToken,
        found: impl FnMut(&ThreadInfo, &str) + Send,
    ) -> Result<(ListPage, Vec<String>)> {
        let term = needle(term)?;
        // A child: dropping this future must not give up what else the caller's token stands for.
        let cancel = cancel.child_token();
        let _stop = cancel.clone().drop_guard();
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Error::SearchCancelled),
            done = self.search_all(query, term, &cancel, found) => done,
        }
    }

    async fn search_all(
        &self,
        query: ListQuery,
        term: Vec<char>,
        cancel: &CancellationToken,
        mut tell: impl FnMut(&ThreadInfo, &str) + Send,
    ) -> Result<(ListPage, Vec<String>)> {
        let limit = query.limit;
        let mut query = ListQuery { limit: 50, ..query };
        let mut result = ListPage::default();
        let mut snippets = Vec::new();
        // Where the index of texts knows enough, only threads that may fit are looked at.
        let places = self.places_of(&term, query.archived).await;
        if let Some(places) = &places {
            query.included = Some(places.threads());
        }
        // Page after page of all threads, until enough of them fit.
        loop {
            let wanted = query.clone();
            let (page, fresh) = self
                .blocking(move |state| {
                    let page = list::list(state, &wanted)?;
                    Ok((page, !state.rows.fresh.is_empty()))
                })
                .await?;
            self.refresh_index(fresh);
            for (n, info) in page.threads.into_iter().enumerate() {
                let Some(path) = info.path.clone() else { continue };
                let (wanted, cancel) = (term.clone(), cancel.clone());
                let (inner, places, id) = (std::sync::Arc::clone(&self.inner), places.clone(), info.id);
                let found = self
                    .history(path.clone(), move |history| {
                        let stretches =
                            places.and_then(|places| inner.stretches(history, id, &path, &places));
                        Ok(first_match(history, stretches.as_ref(), &wanted, &cancel))
                    })
                    .await;
                // A file that can't be read has nothing to be found in.
                let Ok(Some(snippet)) = found else { continue };
                if result.threads.is_empty() {
                    result.backwards_cursor =
                        page.cursors.get(n).map(|cursor| list::cursor_without_id(cursor));
                }
                if result.threads.len() == limit {
                    return Ok((result, snippets));
                }
                tell(&info, &snippet);
                result.threads.push(info);
                snippets.push(snippet);
                result.next_cursor = page.cursors.get(n).cloned();
            }
            match page.next_cursor {
                Some(cursor) => query.cursor = Some(cursor),
                None => {
                    result.next_cursor = None;
                    return Ok((result, snippets));
                }
            }
        }
    }

    /// Every place in a thread where something is said, oldest first.
    pub async fn occurrences(
        &self,
        id: ThreadId,
        path: PathBuf,
        term: String,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Occurrence>, Option<String>)> {
        self.shown_history(path, move |history| {
            occurrences(history, id, &term, cursor, limit)
        })
        .await
    }
}

/// What is looked for, folded as texts are.
fn needle(term: &str) -> Result<Vec<char>> {
    match term.trim() {
        "" => Err(Error::Empty(Field::SearchTerm)),
        term => Ok(term.chars().flat_map(fold).collect()),
    }
}

/// The first match in what a thread has of its own (a fork's source is found by itself), or in these stretches of a history
/// of one file.
fn first_match(
    history: &History,
    stretches: Option<&Stretches>,
    term: &[char],
    cancel: &CancellationToken,
) -> Option<String> {
    let mut found = None;
    let mut take = |line: &Line<'_>| {
        if cancel.is_cancelled() {
            return false;
        }
        if let Some(text) = said(line)
            && let Some((start, end)) = matches(&text, term).next()
        {
            found = Some(Excerpt::around(&text, start, end).on_one_line());
        }
        found.is_none()
    };
    match stretches {
        None => history.each_from(history.own_start(), &mut take).ok()?,
        Some(stretches) => {
            for (start, end) in stretches {
                if !history.each_within(*start, *end, &mut take).ok()? {
                    break;
                }
            }
        }
    }
    found
}

/// What a line says in the name of the user or of the agent, and what a goal is to reach.
pub(super) fn said(line: &Line<'_>) -> Option<String> {
    match line.kind {
        Kind::Event(EventKind::ItemCompleted) => text_of(completed_item(line)?.1.body),
        Kind::Event(kind @ (EventKind::UserMessage | EventKind::AgentMessage)) => {
            match legacy::item(kind, line)? {
                legacy::LegacyItem::Numbered(body) => text_of(body),
                _ => None,
            }
        }
        Kind::Event(EventKind::Goal) => head::objective(line),
        _ => None,
    }
}

fn text_of(body: ItemBody) -> Option<String> {
    match body {
        ItemBody::AgentMessage { text, .. } => Some(text),
        ItemBody::UserMessage { content, .. } => {
            let texts: Vec<String> = content
                .into_iter()
                .filter_map(|input| match input {
                    UserInput::Text { text, .. } => Some(text),
                    _ => None,
                })
                .collect();
            Some(texts.join("\n"))
        }
        _ => None,
    }
}

/// A text as search compares it.
struct Folded {
    chars: Vec<char>,
    /// Which character of the text each of them comes from; `None`: from the one at its place.
    origins: Option<Vec<usize>>,
}

impl Folded {
    fn new(text: &str) -> Self {
        let mut chars = Vec::with_capacity(text.len());
        let mut origins: Option<Vec<usize>> = None;
        for (n, c) in text.chars().enumerate() {
            let before = chars.len();
            chars.extend(fold(c));
            if origins.is_none() && chars.len() != before + 1 {
                origins = Some((0..before).collect());
            }
            if let Some(origins) = &mut origins {
                origins.resize(chars.len(), n);
            }
        }
        Self { chars, origins }
    }

    fn origin(&self, at: usize) -> usize {
        let origins = self.origins.as_ref();
        origins.map_or(at, |origins| origins.get(at).copied().unwrap_or(usize::MAX))
    }
}

/// Where the term, which is folded, is, in characters: first and one past the last.
fn matches<'a>(text: &'a str, term: &'a [char]) -> Box<dyn Iterator<Item = (usize, usize)> + 'a> {
    if text.is_ascii() {
        Box::new(matches_in_ascii(text.as_bytes(), term))
    } else {
        Box::new(matches_in_folded(text, term))
    }
}

/// Most text is ASCII, where each character is a byte and has one other case at most.
fn matches_in_ascii<'a>(text: &'a [u8], term: &[char]) -> impl Iterator<Item = (usize, usize)> + 'a {
    let bytes = term.iter().map(|c| u8::try_from(*c).ok().filter(u8::is_ascii));
    // What has another character isn't in there, as what is empty.
    let term: Vec<u8> = bytes.collect::<Option<_>>().unwrap_or_default();
    let mut from = 0;
    std::iter::from_fn(move || {
        let first = *term.first()?;
        loop {
            let at = from + memchr2(first, first.to_ascii_uppercase(), text.get(from..)?)?;
            let behind = at + term.len();
            if text.get(at..behind)?.eq_ignore_ascii_case(&term) {
                from = behind;
                return Some((at, behind));
            }
            from = at + 1;
        }
    })
}

fn matches_in_folded<'a>(text: &str, term: &'a [char]) -> impl Iterator<Item = (usize, usize)> + use<'a> {
    let folded = Folded::new(text);
    let mut at = 0;
    std::iter::from_fn(move || {
        if term.is_empty() {
            return None;
        }
        while at + term.len() <= folded.chars.len() {
            let behind = at + term.len();
            if folded.chars[at..behind] == *term {
                let found = (folded.origin(at), folded.origin(behind - 1) + 1);
                at = behind;
                // The rest of a character of which a part was found.
                while at < folded.chars.len() && folded.origin(at) < found.1 {
                    at += 1;
                }
                return Some(found);
            }
            at += 1;
        }
        None
    })
}

/// The text around a match.
struct Excerpt {
    text: String,
    /// Characters of the match, first and one past the last.
    found: (usize, usize),
    /// There is more before, and behind.
    is_cut: (bool, bool),
}

impl Excerpt {
    /// `start`, `end`: characters of the match in the text, first and one past the last.
    fn around(text: &str, start: usize, end: usize) -> Self {
        let from = start.saturating_sub(BEFORE);
        let mut chars = text.chars().skip(from);
        let text = chars.by_ref().take(end - from + BEHIND).collect();
        Self {
            text,
            found: (start - from, end - from),
            is_cut: (from > 0, chars.next().is_some()),
        }
    }

    /// With marks where something is left out, and where the match is in that.
    fn snippet(&self) -> (String, usize, usize) {
        let moved = if self.is_cut.0 {
            CUT_BEFORE.chars().count()
        } else {
            0
        };
        let (start, end) = self.found;
        (self.marked(&self.text), start + moved, end + moved)
    }

    fn on_one_line(&self) -> String {
        self.marked(&on_one_line(&self.text))
    }

    fn marked(&self, text: &str) -> String {
        let before = if self.is_cut.0 { CUT_BEFORE } else { "" };
        let behind = if self.is_cut.1 { CUT_BEHIND } else { "" };
        [before, text, behind].concat()
    }
}

fn occurrences(
    history: &History,
    id: ThreadId,
    term: &str,
    cursor: Option<String>,
    limit: usize,
) -> Result<(Vec<Occurrence>, Option<String>)> {
    if history.mode() == HistoryMode::Legacy {
        return Err(Error::Unsupported(ThreadOperation::SearchOccurrences));
    }
    let wanted = needle(term).map_err(|_| Error::Empty(Field::OccurrenceTerm))?;
    let start = match cursor {
        None => (0, 0),
        Some(text) => {
            let cursor = serde_json::from_str::<Cursor>(&text).ok();
            let cursor = cursor.filter(|c| c.thread_id == id && c.search_term == term);
            let cursor = cursor.ok_or(Error::InvalidCursor(text))?;
            (cursor.next_rollout_ordinal, cursor.next_occurrence_index)
        }
    };
    let mut found: Vec<Occurrence> = Vec::new();
    let mut next = None;
    let mut starts: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
    let mut take = |line: &Line<'_>| {
        let Some(ordinal) = line.ordinal else { return true };
        if line.kind == Kind::Event(EventKind::TaskStarted)
            && let Some(turn) = line.text_member("turn_id")
        {
            starts.insert(turn.into_owned(), ordinal);
        }
        if line.kind != Kind::Event(EventKind::ItemCompleted) || ordinal < start.0 {
            return true;
        }
        let Some((turn_id, item)) = completed_item(line) else {
            return true;
        };
        let item_id = item.id;
        let by_agent = matches!(item.body, ItemBody::AgentMessage { .. });
        let Some(text) = text_of(item.body) else {
            return true;
        };
        // What the agent says is shown as flowing text; what users wrote, as they wrote it.
        let text = if by_agent {
            Cow::Owned(on_one_line(&text))
        } else {
            Cow::Borrowed(text.trim())
        };
        let skip = if ordinal == start.0 { start.1 } else { 0 };
        for (index, (from, to)) in matches(&text, &wanted).enumerate().skip(skip) {
            if found.len() == limit {
                next = Some((ordinal, index));
                return false;
            }
            let (snippet, start, end) = Excerpt::around(&text, from, to).snippet();
            let place = starts.get(&turn_id).copied().unwrap_or(ordinal);
            found.push(Occurrence {
                turn_id: turn_id.clone(),
                item_id: item_id.clone(),
                snippet,
                start,
                end,
                turn_cursor: PlaceCursor::new(id, Scope::Turns, place, true).text(),
            });
        }
        true
    };
    history
        .each_from(LinePosition::START, &mut take)
        .map_err(unreadable)?;
    let cursor = next.map(|(ordinal, index)| Cursor {
        thread_id: id,
        search_term: term.to_owned(),
        next_rollout_ordinal: ordinal,
        next_occurrence_index: index,
    });
    Ok((
        found,
        cursor.and_then(|cursor| serde_json::to_string(&cursor).ok()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_don_t_care_about_case_and_count_characters() {
        let places = |text: &str, term: &str| {
            let term = needle(term).expect("a term");
            matches(text, &term).collect::<Vec<_>>()
        };
        assert_eq!(places("Äpfel und äPFEL", "äpfel"), [(0, 5), (10, 15)]);
        assert_eq!(places("Ο ΣΊΣΥΦΟΣ, ο Σίσυφος", "σίσυφος"), [(2, 9), (13, 20)]);
        assert_eq!(places("die Straße, STRASSE", "strasse"), [(4, 10), (12, 19)]);
        assert_eq!(places("in İstanbul, istanbul", "İSTANBUL"), [(3, 11), (13, 21)]);
        assert_eq!(places("ßß x", "s"), [(0, 1), (1, 2)]);
        assert_eq!(places("ﬁﬁ", "if"), [(0, 2)]);
        assert_eq!(places("A needle, NEEDLE, Needl", "nEEdle"), [(2, 8), (10, 16)]);
        assert_eq!(places("aAaAa strasse", "aa"), [(0, 2), (2, 4)]);
        assert_eq!(places("eine strasse", "straße"), [(5, 12)]);
        assert_eq!(places("a needle", "nädle"), []);
        for term in ["s", "st", "se", "eine strasse", "eine strasse!"] {
            let folded = needle(term).expect("a term");
            let text = "eine Strasse";
            let both = matches_in_folded(text, &folded);
            assert_eq!(places(text, term), both.collect::<Vec<_>>(), "{term}");
        }
    }

    #[test]
    fn snippets_are_cut_to_what_is_near_with_marks() {
        let cut = |text: &str, start: usize| Excerpt::around(text, start, start + 5).snippet();
        let text =
            |before: usize, behind: usize| format!("{}zebra{}", "ä".repeat(before), "ü".repeat(behind));
        assert_eq!(cut(&text(49, 96), 49), (text(49, 96), 49, 54));
        let both = format!("... {} ...", text(49, 96));
        assert_eq!(cut(&text(50, 97), 50), (both.clone(), 53, 58));
        assert_eq!(cut(&text(500, 500), 500), (both, 53, 58));
        let excerpt = Excerpt::around(&format!("a\n\n b  zebra\t{}", " \n".repeat(60)), 7, 12);
        assert_eq!(excerpt.on_one_line(), "a b zebra ...");
        assert_eq!(on_one_line("  a \r\n\tb "), "a b");
    }
}
