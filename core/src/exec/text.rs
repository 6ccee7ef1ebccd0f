//! Output as text: decoding across chunk borders, and what is kept of it.

use std::collections::VecDeque;

use crate::char_boundary::floor;

/// Turns bytes that come in pieces into text. A character cut by the border of a piece waits for its rest; what is
/// not UTF-8 becomes U+FFFD, as in [`String::from_utf8_lossy`].
#[derive(Debug, Default)]
pub(super) struct Utf8Stream {
    pending: Vec<u8>,
}

impl Utf8Stream {
    /// The text of the next piece.
    pub(super) fn decode(&mut self, bytes: &[u8]) -> String {
        let joined;
        let mut rest = if self.pending.is_empty() {
            bytes
        } else {
            self.pending.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.pending);
            &joined
        };
        let mut text = String::with_capacity(rest.len());
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    return text;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    let Some(length) = error.error_len() else {
                        self.pending = after.to_vec();
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &after[length..];
                }
            }
        }
    }

    /// What the stream ended with, if it ended within a character.
    pub(super) fn finish(&mut self) -> Option<String> {
        let pending = std::mem::take(&mut self.pending);
        (!pending.is_empty()).then(|| String::from_utf8_lossy(&pending).into_owned())
    }
}

/// Cuts text into pieces of at most `max` bytes, between characters.
pub(super) fn pieces(text: String, max: usize) -> impl Iterator<Item = String> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let mut text = rest.take()?;
        if text.len() > max {
            rest = Some(text.split_off(floor(&text, max)));
        }
        Some(text)
    })
}

/// The head and the tail of a long text; the middle is only counted.
#[derive(Debug)]
pub(super) struct HeadTail {
    /// Most bytes of the head, and of the tail.
    half: usize,
    head: String,
    tail: VecDeque<u8>,
    total: usize,
}

impl HeadTail {
    /// Keeps at most `capacity` bytes.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            half: capacity / 2,
            head: String::new(),
            tail: VecDeque::new(),
            total: 0,
        }
    }

    /// Appends text.
    pub(super) fn push(&mut self, text: &str) {
        self.total += text.len();
        let mut rest = text;
        // Once something went to the tail, the head is closed.
        if self.tail.is_empty() {
            let (fits, after) = rest.split_at(floor(rest, self.half - self.head.len()));
            self.head.push_str(fits);
            rest = after;
        }
        let bytes = rest.as_bytes();
        let kept = &bytes[bytes.len().saturating_sub(self.half)..];
        let excess = (self.tail.len() + kept.len()).saturating_sub(self.half);
        self.tail.drain(..excess);
        self.tail.extend(kept);
    }

    /// All that is kept, with a line where something is missing.
    pub(super) fn into_text(self) -> String {
        self.into_parts().0
    }

    /// The same, and how many bytes are missing.
    pub(super) fn into_parts(self) -> (String, usize) {
        let Self {
            mut head,
            tail,
            total,
            ..
        } = self;
        let tail = Vec::from(tail);
        // The tail may begin within a character.
        let start = tail
            .iter()
            .position(|byte| byte & 0xC0 != 0x80)
            .unwrap_or(tail.len());
        let omitted = total - head.len() - (tail.len() - start);
        if omitted > 0 {
            if !head.is_empty() && !head.ends_with('\n') {
                head.push('\n');
            }
            head.extend(["... ", &omitted.to_string(), " bytes omitted ...\n"]);
        }
        head.push_str(&String::from_utf8_lossy(&tail[start..]));
        (head, omitted)
    }
}

/// Tokens of so many bytes of text, by the rule of thumb of four bytes each.
pub(crate) fn tokens(bytes: usize) -> usize {
    bytes.div_ceil(4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_buffer_counts_what_it_left_out() {
        let mut kept = HeadTail::new(8);
        for _ in 0..5 {
            kept.push("abc");
        }
        assert_eq!(
            kept.into_parts(),
            ("abca\n... 7 bytes omitted ...\ncabc".to_owned(), 7)
        );
    }

    proptest! {
        #[test]
        fn any_cut_of_a_stream_gives_the_same_text(bytes in prop::collection::vec(any::<u8>(), 0..64),
                                                   cuts in prop::collection::vec(0..64usize, 0..8)) {
            let mut stream = Utf8Stream::default();
            let mut text = String::new();
            let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut < bytes.len()).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for cut in cuts {
                text.push_str(&stream.decode(&bytes[from..cut]));
                from = cut;
            }
            text.push_str(&stream.decode(&bytes[from..]));
            text.extend(stream.finish());
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes).into_owned());
        }

        #[test]
        fn cut_characters_come_through_whole(text in any::<String>(), at in any::<prop::sample::Index>()) {
            let at = at.index(text.len() + 1);
            let mut stream = Utf8Stream::default();
            let mut out = stream.decode(&text.as_bytes()[..at]);
            out.push_str(&stream.decode(&text.as_bytes()[at..]));
            prop_assert_eq!(stream.finish(), None);
            prop_assert_eq!(out, text);
        }

        #[test]
        fn pieces_are_short_and_complete(text in any::<String>(), max in 4..32usize) {
            let all: Vec<_> = pieces(text.clone(), max).collect();
            prop_assert!(all.iter().all(|piece| piece.len() <= max));
            prop_assert_eq!(all.concat(), text);
        }

        #[test]
        fn a_buffer_keeps_both_ends(chunks in prop::collection::vec(any::<String>(), 0..16), capacity in 8..64usize) {
            let all = chunks.concat();
            let mut kept = HeadTail::new(capacity);
            for chunk in &chunks {
                kept.push(chunk);
            }
            let text = kept.into_text();
            if all.len() <= capacity / 2 {
                prop_assert_eq!(text, all);
            } else if let Some(gap) = text.find("... ").filter(|_| text.contains(" bytes omitted ...\n")) {
                let head = text[..gap].trim_end_matches('\n');
                prop_assert!(all.starts_with(head));
                let tail = text.rsplit(" bytes omitted ...\n").next().unwrap_or_default();
                prop_assert!(all.ends_with(tail));
            } else {
                prop_assert_eq!(text, all);
            }
        }
    }
}
