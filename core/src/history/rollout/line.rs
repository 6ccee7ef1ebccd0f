//! What a line of a rollout is, found out without parsing all of it.
//!
//! Lines can be long and most readers skip most of them, so this looks at the members in front of the payload and at
//! the payload's first member only. Lines with their members in an unusual order are parsed in full.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::repair;

/// What other programs put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Kinds of lines, and of events, that readers look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Meta,
    Response,
    TurnContext,
    WorldState,
    TokenUsageRecord,
    Compacted,
    Realtime,
    Event(EventKind),
    /// Kept in the file, skipped by readers.
    Other,
}

/// Kinds of `event_msg` lines that readers look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    TaskStarted,
    TaskComplete,
    TurnAborted,
    ItemCompleted,
    TokenCount,
    SettingsApplied,
    Goal,
    UserMessage,
    AgentMessage,
    AgentReasoning,
    AgentReasoningRaw,
    PatchEnd,
    McpEnd,
    WebSearchEnd,
    ViewImage,
    ContextCompacted,
    RolledBack,
    EnteredReview,
    ExitedReview,
    Other,
}

impl EventKind {
    fn named(name: &str) -> Self {
        match name {
            "task_started" | "turn_started" => Self::TaskStarted,
            "task_complete" | "turn_complete" => Self::TaskComplete,
            "turn_aborted" => Self::TurnAborted,
            "item_completed" => Self::ItemCompleted,
            "token_count" => Self::TokenCount,
            "thread_settings_applied" => Self::SettingsApplied,
            "thread_goal_updated" => Self::Goal,
            "user_message" => Self::UserMessage,
            "agent_message" => Self::AgentMessage,
            "agent_reasoning" => Self::AgentReasoning,
            "agent_reasoning_raw_content" => Self::AgentReasoningRaw,
            "patch_apply_end" => Self::PatchEnd,
            "mcp_tool_call_end" => Self::McpEnd,
            "web_search_end" => Self::WebSearchEnd,
            "view_image_tool_call" => Self::ViewImage,
            "context_compacted" => Self::ContextCompacted,
            "thread_rolled_back" => Self::RolledBack,
            "entered_review_mode" => Self::EnteredReview,
            "exited_review_mode" => Self::ExitedReview,
            _ => Self::Other,
        }
    }
}

/// Bytes of a line without its end, and room for the same line repaired.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    bytes: &'a [u8],
    room: Option<&'a Room>,
}

/// Where a line is kept that had to be repaired.
pub(crate) type Room = OnceCell<Option<Box<[u8]>>>;

impl<'a> Text<'a> {
    /// A line that can be repaired.
    pub(crate) fn new(bytes: &'a [u8], room: &'a Room) -> Self {
        let room = Some(room);
        Self { bytes, room }
    }
}

impl<'a> From<&'a [u8]> for Text<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { bytes, room: None }
    }
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

/// A line, as far as it was looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) kind: Kind,
    pub(crate) ordinal: Option<u64>,
    /// Begins with the payload. Other members may follow it, and the end of the line; or nothing.
    payload: &'a [u8],
    whole: &'a [u8],
    /// All of it is JSON. Of other lines the payload is JSON or not, which is seen when it is read.
    checked: bool,
    room: Option<&'a Room>,
}

impl<'a> Line<'a> {
    /// Looks at a line without its end; `None` for garbage.
    pub(crate) fn parse(text: impl Into<Text<'a>>) -> Option<Self> {
        let Text { bytes, room } = text.into();
        // A check of the whole line would cost more than all the rest: payloads are checked when they are read. But
        // nearly all torn lines are known by their end.
        let line = bytes.trim_ascii();
        if line.last() != Some(&b'}') {
            return None;
        }
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        if let Some(found) = Self::quick(line).or_else(|| Self::thorough(line)) {
            return Some(Self { room, ..found });
        }
        // A text in it may be broken. Then all of it is repaired, and nothing is left to repair in the payload.
        let repair = || repair::line(line).map(Vec::into_boxed_slice);
        Self::thorough(room?.get_or_init(repair).as_deref()?)
    }

    fn quick(text: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor { text, at: 0 };
        cursor.take(b'{')?;
        let (mut kind, mut ordinal) = (None, None);
        loop {
            let key = cursor.string()?;
            cursor.take(b':')?;
            match key {
                "timestamp" => {
                    cursor.string()?;
                }
                "type" => kind = Some(cursor.string()?),
                "ordinal" => ordinal = Some(cursor.number()?),
                "payload" => break,
                _ => return None,
            }
            cursor.take(b',')?;
        }
        cursor.blanks();
        let payload = &text[cursor.at..];
        let kind = match kind? {
            "event_msg" => {
                cursor.take(b'{')?;
                if cursor.string()? != "type" {
                    return None;
                }
                cursor.take(b':')?;
                Kind::Event(EventKind::named(cursor.string()?))
            }
            other => plain_kind(other),
        };
        Some(Self {
            kind,
            ordinal,
            payload,
            whole: text,
            checked: false,
            room: None,
        })
    }

    fn thorough(text: &'a [u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(default)]
            ordinal: Option<u64>,
            #[serde(rename = "type", borrow)]
            kind: Cow<'a, str>,
            #[serde(borrow)]
            payload: &'a RawValue,
        }
        #[derive(Deserialize)]
        struct Event<'a> {
            #[serde(rename = "type", borrow)]
            kind: Cow<'a, str>,
        }
        let envelope: Envelope<'a> = serde_json::from_slice(text).ok()?;
        let payload = envelope.payload.get();
        let kind = match envelope.kind.as_ref() {
            "event_msg" => {
                let event: Event<'_> = serde_json::from_str(payload).ok()?;
                Kind::Event(EventKind::named(&event.kind))
            }
            other => plain_kind(other),
        };
        Some(Self {
            kind,
            ordinal: envelope.ordinal,
            payload: payload.as_bytes(),
            whole: text,
            checked: true,
            room: None,
        })
    }

    /// Reads the payload; `None` if it isn't what is expected, or if the line is torn behind it. Texts in it that can't
    /// be read are repaired.
    pub(crate) fn payload<T: Deserialize<'a>>(&self) -> Option<T> {
        // Not every reader looks into the texts: who reads a part later must find it readable.
        if !repair::may_hold_surrogates(self.payload)
            && let Some(payload) = self.read()
        {
            return Some(payload);
        }
        self.repaired().unwrap_or(*self).read()
    }

    fn read<T: Deserialize<'a>>(&self) -> Option<T> {
        let mut reader = serde_json::Deserializer::from_slice(self.payload).into_iter();
        let payload = reader.next()?.ok()?;
        (self.checked || is_end(&self.payload[reader.byte_offset()..])).then_some(payload)
    }

    /// The same line with its texts repaired; `None` if nothing is broken.
    fn repaired(&self) -> Option<Self> {
        let repair = || repair::line(self.payload).map(Vec::into_boxed_slice);
        let payload = self.room?.get_or_init(repair).as_deref()?;
        Some(Self { payload, ..*self })
    }

    /// The payload's text, and nothing behind it.
    pub(crate) fn raw_payload(&self) -> Option<&'a str> {
        self.payload::<&'a RawValue>().map(RawValue::get)
    }

    /// A text member near the front of the payload, found without reading the rest where that is possible.
    pub(crate) fn text_member(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut cursor = Cursor {
            text: self.payload,
            at: 0,
        };
        let mut quick = || {
            cursor.take(b'{')?;
            loop {
                let key = cursor.string()?;
                cursor.take(b':')?;
                let value = cursor.string()?;
                if key == name {
                    return Some(Cow::Borrowed(value));
                }
                cursor.take(b',')?;
            }
        };
        quick().or_else(|| {
            let members: std::collections::BTreeMap<Cow<'a, str>, &'a RawValue> = self.payload()?;
            serde_json::from_str(members.get(name)?.get()).ok()
        })
    }

    /// Whether it ends as lines do: one that was torn off hardly ever does.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole.ends_with(b"}")
    }

    /// The whole line.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.whole
    }
}

/// Whether a line ends as it should: behind its payload come its end, or members and then its end.
fn is_end(mut rest: &[u8]) -> bool {
    loop {
        rest = rest.trim_ascii();
        let member = rest.strip_prefix(b",").and_then(value_end);
        let value = member.and_then(|rest| rest.trim_ascii_start().strip_prefix(b":"));
        match value.and_then(value_end) {
            Some(next) => rest = next,
            None => return rest == b"}",
        }
    }
}

/// What comes behind the value that the text begins with.
fn value_end(text: &[u8]) -> Option<&[u8]> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(&text[values.byte_offset()..])
}

fn plain_kind(name: &str) -> Kind {
    match name {
        "session_meta" => Kind::Meta,
        "response_item" => Kind::Response,
        "turn_context" => Kind::TurnContext,
        "world_state" => Kind::WorldState,
        "token_usage_record" => Kind::TokenUsageRecord,
        "compacted" => Kind::Compacted,
        "realtime_item" => Kind::Realtime,
        _ => Kind::Other,
    }
}

/// The ordinal of a line, whatever it is.
pub(crate) fn ordinal(bytes: &[u8]) -> Option<u64> {
    Line::parse(bytes)?.ordinal
}

/// Walks over the plain parts of JSON: strings without escapes, whole numbers.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.text.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    fn string(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let rest = &self.text[self.at..];
        let end = memchr::memchr2(b'"', b'\\', rest)?;
        if rest[end] == b'\\' {
            return None;
        }
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).ok()
    }

    fn number(&mut self) -> Option<u64> {
        self.blanks();
        let rest = &self.text[self.at..];
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let number = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
        self.at += digits;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_and_unusual_orders_read_alike() {
        for text in [
            r#"{"timestamp":"T","ordinal":7,"type":"event_msg","payload":{"type":"task_started","turn_id":"a"},"x":1}"#,
            r#"{ "timestamp": "T", "ordinal": 7, "type": "event_msg", "payload": {"type": "task_started", "turn_id": "a"}}"#,
            r#"{"payload":{"turn_id":"a","type":"task_started"},"type":"event_msg","ordinal":7,"timestamp":"T"}"#,
        ] {
            let line = Line::parse(text.as_bytes()).expect("a line");
            assert_eq!(line.kind, Kind::Event(EventKind::TaskStarted));
            assert_eq!(line.ordinal, Some(7));
            let payload: serde_json::Value = line.payload().expect("a payload");
            assert_eq!(payload["turn_id"], "a");
        }
    }

    #[test]
    fn garbage_is_no_line() {
        for text in [
            "",
            "{",
            "null",
            "{}",
            r#"{"type":"event_msg","payload":{"type":"#,
            "\u{7f}",
        ] {
            if let Some(line) = Line::parse(text.as_bytes()) {
                assert!(line.payload::<serde_json::Value>().is_none(), "{text}");
            }
        }
    }

    #[test]
    fn a_torn_line_is_not_read() {
        for text in [
            r#"{"timestamp":"T","ordinal":7,"type":"event_msg","payload":{"type":"task_started","a":{}}}"#,
            r#"{"timestamp":"T","type":"response_item","payload":{"a":[{}]},"metadata":{"b":{"c":1}}}"#,
            r#"{"payload":{"type":"task_started"},"type":"event_msg","ordinal":7}"#,
        ] {
            for end in 0..=text.len() {
                let line = Line::parse(&text.as_bytes()[..end]);
                let payload = line.and_then(|line| line.payload::<serde_json::Value>());
                assert_eq!(payload.is_some(), end == text.len(), "{}", &text[..end]);
            }
        }
    }

    #[test]
    fn a_text_that_is_broken_costs_that_text() {
        let text = br#"{"timestamp":"T","ordinal":7,"type":"event_msg","payload":{"type":"x","a":"b\ud83dc","n":1}}"#;
        let room = Room::new();
        let line = Line::parse(Text::new(text, &room)).expect("a line");
        let payload: serde_json::Value = line.payload().expect("a payload");
        assert_eq!(
            (payload["a"].as_str(), payload["n"].as_i64()),
            (Some("b\u{fffd}c"), Some(1))
        );
        // Also for those who read a part of it later.
        let raw: &RawValue = line.payload().expect("a payload");
        serde_json::from_str::<serde_json::Value>(raw.get()).expect("JSON");
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_line() {
        let text = "\u{feff}{\"type\":\"session_meta\",\"payload\":{}}";
        let line = Line::parse(text.as_bytes()).expect("a line");
        assert_eq!(line.kind, Kind::Meta);
    }

    proptest! {
        #[test]
        fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Line::parse(bytes.as_slice()).map(|line| line.payload::<serde_json::Value>());
        }
    }
}
