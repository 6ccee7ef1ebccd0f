//! What is said in a conversation: segments that grow, and what a hand-off tells of it.

use serde_json::{Value, json};

use crate::char_boundary::floor;
use crate::{RealtimeItem, RealtimeItemBody, Speaker, new_id, now_ms};

/// Bytes of one segment at most: a server that never ends one would fill the memory.
const MAX_SEGMENT: usize = 1 << 20;
/// Bytes that a hand-off tells at most, the last ones.
const MAX_SINCE_HANDOFF: usize = 64 << 10;

/// Words that somebody has begun.
#[derive(Debug)]
struct Segment {
    id: String,
    observed_at_ms: i64,
    text: String,
    /// Of the text: not told yet, because the client reads too slowly.
    untold: usize,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    user: Option<Segment>,
    assistant: Option<Segment>,
    /// Since the last hand-off, by speaker.
    since_handoff: Vec<(Speaker, String)>,
}

/// What more words mean for clients.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Heard {
    /// The segment that they begin.
    pub(super) begun: Option<RealtimeItem>,
    /// The segment, and the words of it to tell.
    pub(super) delta: Option<(String, String)>,
}

impl Transcript {
    /// Somebody says more. `hold`: nothing of it is to be told now.
    pub(super) fn delta(&mut self, session_id: &str, speaker: Speaker, delta: &str, hold: bool) -> Heard {
        self.note(speaker, delta);
        let mut heard = Heard::default();
        let slot = self.slot(speaker);
        let segment = match slot {
            Some(segment) => segment,
            None => {
                let segment = slot.insert(Segment {
                    id: new_id(),
                    observed_at_ms: now_ms(),
                    text: String::new(),
                    untold: 0,
                });
                heard.begun = Some(segment.item(session_id, speaker));
                segment
            }
        };
        let room = MAX_SEGMENT.saturating_sub(segment.text.len());
        segment.text.push_str(&delta[..floor(delta, room)]);
        if !hold {
            heard.delta = segment.news();
        }
        heard
    }

    /// Words that were held back and can be told now.
    pub(super) fn news(&mut self) -> impl Iterator<Item = (Speaker, String, String)> {
        let of = |speaker, slot: &mut Option<Segment>| {
            let (id, text) = slot.as_mut()?.news()?;
            Some((speaker, id, text))
        };
        [
            of(Speaker::User, &mut self.user),
            of(Speaker::Assistant, &mut self.assistant),
        ]
        .into_iter()
        .flatten()
    }

    /// Somebody has finished: the complete segment, and the words of it that were held back. `None`: nothing was begun.
    pub(super) fn finish(
        &mut self,
        session_id: &str,
        speaker: Speaker,
    ) -> Option<(Option<(String, String)>, RealtimeItem)> {
        let mut segment = self.slot(speaker).take()?;
        let news = segment.news();
        Some((news, segment.item(session_id, speaker)))
    }

    /// What was said in full is known: it takes the place of the words that were heard one by one.
    pub(super) fn settle(&mut self, speaker: Speaker, text: &str) {
        match self.since_handoff.last_mut() {
            Some((last, words)) if *last == speaker && !text.is_empty() => text.clone_into(words),
            _ => {}
        }
    }

    /// What has been said since the last hand-off, with the words that are handed over now at its end.
    pub(super) fn take_for_handoff(&mut self, input: &str) -> Vec<(Speaker, String)> {
        let mut said = std::mem::take(&mut self.since_handoff);
        let is_told = said
            .last()
            .is_some_and(|(speaker, words)| *speaker == Speaker::User && words == input);
        if !input.is_empty() && !is_told {
            said.push((Speaker::User, input.to_owned()));
        }
        said
    }

    fn note(&mut self, speaker: Speaker, delta: &str) {
        match self.since_handoff.last_mut() {
            Some((last, words)) if *last == speaker => words.push_str(delta),
            _ => self.since_handoff.push((speaker, delta.to_owned())),
        }
        let mut bytes: usize = self.since_handoff.iter().map(|(_, words)| words.len()).sum();
        while bytes > MAX_SINCE_HANDOFF && self.since_handoff.len() > 1 {
            bytes -= self.since_handoff.remove(0).1.len();
        }
        if let Some((_, words)) = self
            .since_handoff
            .first_mut()
            .filter(|_| bytes > MAX_SINCE_HANDOFF)
        {
            let cut = floor(words, words.len() - MAX_SINCE_HANDOFF);
            words.drain(..cut);
        }
    }

    fn slot(&mut self, speaker: Speaker) -> &mut Option<Segment> {
        match speaker {
            Speaker::User => &mut self.user,
            Speaker::Assistant => &mut self.assistant,
        }
    }
}

impl Segment {
    fn news(&mut self) -> Option<(String, String)> {
        let news = self.text[self.untold..].to_owned();
        self.untold = self.text.len();
        (!news.is_empty()).then(|| (self.id.clone(), news))
    }

    fn item(&self, session_id: &str, speaker: Speaker) -> RealtimeItem {
        RealtimeItem {
            id: self.id.clone(),
            session_id: session_id.to_owned(),
            observed_at_ms: Some(self.observed_at_ms),
            body: RealtimeItemBody::TranscriptSegment {
                speaker,
                text: self.text.clone(),
            },
        }
    }
}

/// A hand-off as clients are told of it.
pub(super) fn handoff_item(
    handoff_id: &str,
    item_id: &str,
    input: &str,
    said: &[(Speaker, String)],
) -> Value {
    let said = said
        .iter()
        .map(|(speaker, text)| json!({"role": speaker.name(), "text": text}));
    json!({
        "type": "handoff_request",
        "handoff_id": handoff_id,
        "item_id": item_id,
        "input_transcript": input,
        "active_transcript": said.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_held_back_are_told_together_later() {
        let mut transcript = Transcript::default();
        let heard = transcript.delta("s", Speaker::User, "one ", true);
        assert!(heard.begun.is_some() && heard.delta.is_none());
        let heard = transcript.delta("s", Speaker::User, "two", false);
        assert_eq!(heard.delta.unwrap().1, "one two");
        transcript.delta("s", Speaker::User, " three", true);
        let (news, item) = transcript.finish("s", Speaker::User).unwrap();
        assert_eq!(news.unwrap().1, " three");
        let RealtimeItemBody::TranscriptSegment { text, .. } = item.body else {
            panic!("{item:?}")
        };
        assert_eq!(text, "one two three");
        assert!(transcript.finish("s", Speaker::User).is_none());
    }

    #[test]
    fn a_hand_off_tells_what_was_said_since_the_one_before() {
        let mut transcript = Transcript::default();
        transcript.delta("s", Speaker::User, "do", false);
        transcript.delta("s", Speaker::User, " it", false);
        transcript.delta("s", Speaker::Assistant, "sur", false);
        transcript.settle(Speaker::Assistant, "sure");
        let said = transcript.take_for_handoff("do it");
        let expected = [
            (Speaker::User, "do it"),
            (Speaker::Assistant, "sure"),
            (Speaker::User, "do it"),
        ];
        assert_eq!(said, expected.map(|(who, text)| (who, text.to_owned())));
        transcript.delta("s", Speaker::User, "more", false);
        assert_eq!(
            transcript.take_for_handoff("more"),
            [(Speaker::User, "more".to_owned())]
        );
        assert!(transcript.take_for_handoff("").is_empty());
    }

    #[test]
    fn what_never_ends_is_bounded() {
        let mut transcript = Transcript::default();
        let piece = "é".repeat(40_000);
        for n in 0..100 {
            let speaker = if n % 2 == 0 {
                Speaker::User
            } else {
                Speaker::Assistant
            };
            transcript.delta("s", speaker, &piece, false);
            transcript.delta("s", Speaker::User, &piece, false);
        }
        let (_, item) = transcript.finish("s", Speaker::User).unwrap();
        let RealtimeItemBody::TranscriptSegment { text, .. } = item.body else {
            panic!("{}", item.id)
        };
        assert!(text.len() <= MAX_SEGMENT);
        let said = transcript.take_for_handoff("");
        assert!(said.iter().map(|(_, text)| text.len()).sum::<usize>() <= MAX_SINCE_HANDOFF + 3);
    }
}
