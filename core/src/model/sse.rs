//! Server-sent events (WHATWG HTML section 9.2.6), decoded as the bytes come in.
//!
//! The decoder hands out `data`, and the event's name to those who ask: the Responses API repeats it inside of the
//! data, but not every gateway does. The same bytes give the same events however they are cut into chunks. An event of
//! one `data` line, which is what servers send, is not copied: it is a slice of the buffer.

use std::ops::Range;

use memchr::memchr2;

/// Longest event that is taken, in bytes, with all its lines. A server that sends more is broken or hostile.
pub(super) const MAX_EVENT_BYTES: usize = 32 << 20;
/// Longest name of an event that is kept, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// An event, or a single line, was longer than [`MAX_EVENT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server sent an event of more than 32 MiB")]
pub struct EventTooLong;

/// An incremental decoder of one stream.
#[derive(Debug)]
pub struct SseDecoder {
    /// Bytes from the start of the open event on.
    buf: Vec<u8>,
    /// Where the open line starts in `buf`.
    line: usize,
    /// How far the open line has been searched for its end.
    scanned: usize,
    /// The last line ended with CR: an LF right behind it belongs to it.
    after_cr: bool,
    /// The byte order mark can only stand before the first line.
    past_first_line: bool,
    data: Data,
    /// The `event` field of the open event, or of the one that was given out last.
    name: Vec<u8>,
    /// The open event has had no line yet: `name` is still that of the last one.
    at_start: bool,
}

/// The `data` lines of the open event.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    One(Range<usize>),
    Joined(Vec<u8>),
}

impl Default for SseDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl SseDecoder {
    /// A decoder at the start of a stream.
    pub fn new() -> Self {
        Self {
            buf: Vec::new(),
            line: 0,
            scanned: 0,
            after_cr: false,
            past_first_line: false,
            data: Data::None,
            name: Vec::new(),
            at_start: true,
        }
    }

    /// Takes the next bytes of the stream. Call [`Self::next_data`] until it gives nothing before pushing more:
    /// otherwise the buffer only grows.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), EventTooLong> {
        self.drop_consumed();
        let joined = match &self.data {
            Data::Joined(joined) => joined.len(),
            Data::None | Data::One(_) => 0,
        };
        if self.buf.len() + joined + chunk.len() > MAX_EVENT_BYTES {
            return Err(EventTooLong);
        }
        self.buf.extend_from_slice(chunk);
        Ok(())
    }

    /// The data of the next complete event, without the name, id and comments. Lines are joined by LF.
    pub fn next_data(&mut self) -> Option<&[u8]> {
        let range = self.complete_event()?;
        self.buf.get(range)
    }

    /// The name (empty if it has none) and the data of the next complete event.
    pub fn next_event(&mut self) -> Option<(&[u8], &[u8])> {
        let range = self.complete_event()?;
        Some((&self.name, self.buf.get(range)?))
    }

    /// The stream is over: the event that lacks only its blank line, if there is one. Nothing may be pushed any more.
    pub fn finish(&mut self) -> Option<(&[u8], &[u8])> {
        self.drop_consumed();
        // Not more than the limit allows, but for these two.
        self.buf.extend_from_slice(b"\n\n");
        self.next_event()
    }

    /// Where the data of the next complete event are in `buf`.
    fn complete_event(&mut self) -> Option<Range<usize>> {
        loop {
            let line = self.next_line()?;
            if !line.is_empty() {
                self.take_field(line);
                continue;
            }
            if std::mem::replace(&mut self.at_start, true) {
                self.name.clear();
            }
            match std::mem::take(&mut self.data) {
                Data::None => {}
                Data::One(range) => return Some(range),
                Data::Joined(data) => {
                    // Kept until the next call, so that both cases can lend a slice of the same buffer.
                    let end = self.line;
                    self.buf.splice(..end, data.iter().copied());
                    self.line = data.len();
                    self.scanned = data.len();
                    return Some(0..data.len());
                }
            }
        }
    }

    /// The next complete line, without its end.
    fn next_line(&mut self) -> Option<Range<usize>> {
        if self.after_cr && self.buf.get(self.line) == Some(&b'\n') {
            self.line += 1;
            self.after_cr = false;
        }
        self.scanned = self.scanned.max(self.line);
        let Some(found) = memchr2(b'\n', b'\r', &self.buf[self.scanned..]) else {
            if self.scanned < self.buf.len() {
                self.after_cr = false;
            }
            self.scanned = self.buf.len();
            return None;
        };
        let end = self.scanned + found;
        let mut start = self.line;
        if !self.past_first_line {
            self.past_first_line = true;
            if self.buf[start..end].starts_with(b"\xef\xbb\xbf") {
                start += 3;
            }
        }
        self.after_cr = self.buf[end] == b'\r';
        self.line = end + 1;
        self.scanned = self.line;
        Some(start..end)
    }

    fn take_field(&mut self, line: Range<usize>) {
        if std::mem::replace(&mut self.at_start, false) {
            self.name.clear();
        }
        let text = &self.buf[line.clone()];
        let Some(rest) = text.strip_prefix(b"data") else {
            if let Some(name) = text.strip_prefix(b"event:") {
                let name = name.strip_prefix(b" ").unwrap_or(name);
                self.name.clear();
                self.name
                    .extend_from_slice(&name[..name.len().min(MAX_NAME_BYTES)]);
            }
            return;
        };
        let value = match rest {
            [] => line.end..line.end,
            [b':', b' ', ..] => line.start + 6..line.end,
            [b':', ..] => line.start + 5..line.end,
            _ => return,
        };
        match &mut self.data {
            Data::None => self.data = Data::One(value),
            Data::One(first) => {
                let mut joined = Vec::with_capacity(first.len() + 1 + value.len());
                joined.extend_from_slice(&self.buf[first.clone()]);
                joined.push(b'\n');
                joined.extend_from_slice(&self.buf[value]);
                self.data = Data::Joined(joined);
            }
            Data::Joined(joined) => {
                joined.push(b'\n');
                joined.extend_from_slice(&self.buf[value]);
            }
        }
    }

    /// Forgets the bytes that nothing refers to any more.
    fn drop_consumed(&mut self) {
        let keep_from = match &self.data {
            Data::One(range) => range.start,
            Data::None | Data::Joined(_) => self.line,
        };
        if keep_from == 0 {
            return;
        }
        self.buf.drain(..keep_from);
        self.line -= keep_from;
        self.scanned = self.scanned.saturating_sub(keep_from);
        if let Data::One(range) = &mut self.data {
            *range = range.start - keep_from..range.end - keep_from;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<String> {
        let mut decoder = SseDecoder::new();
        let mut events = Vec::new();
        for chunk in chunks {
            decoder.push(chunk).unwrap();
            while let Some(data) = decoder.next_data() {
                events.push(String::from_utf8_lossy(data).into_owned());
            }
        }
        events
    }

    #[test]
    fn gives_the_data_of_each_event() {
        let text = b"event: a\ndata: {\"x\":1}\n\nid: 7\ndata:two\n\n";
        assert_eq!(decode(&[text]), ["{\"x\":1}", "two"]);
    }

    #[test]
    fn takes_all_three_line_ends() {
        assert_eq!(
            decode(&[b"data: a\r\n\r\ndata: b\r\rdata: c\n\n"]),
            ["a", "b", "c"]
        );
    }

    #[test]
    fn a_line_end_cut_in_two_is_one_line_end() {
        assert_eq!(decode(&[b"data: a\r", b"\ndata: b\r\n", b"\r", b"\n"]), ["a\nb"]);
    }

    #[test]
    fn joins_data_lines() {
        assert_eq!(
            decode(&[b"data: a\ndata\ndata: b\n\ndata: c\n\n"]),
            ["a\n\nb", "c"]
        );
    }

    #[test]
    fn skips_comments_other_fields_and_empty_events() {
        assert_eq!(decode(&[b": ping\n\nretry: 3\n\ndatum: x\n\ndata: y\n\n"]), ["y"]);
    }

    #[test]
    fn skips_the_byte_order_mark() {
        assert_eq!(decode(&[b"\xef", b"\xbb\xbfdata: a\n\n"]), ["a"]);
    }

    #[test]
    fn keeps_only_the_first_space_out() {
        assert_eq!(decode(&[b"data:  a\n\n"]), [" a"]);
    }

    #[test]
    fn drops_an_event_that_is_cut_off() {
        assert_eq!(decode(&[b"data: a\n\ndata: b\n"]), ["a"]);
    }

    #[test]
    fn the_last_event_needs_no_blank_line() {
        for text in [
            "data: a\n\ndata: b",
            "data: a\n\ndata: b\n",
            "data: a\r\r\ndata: b\r",
        ] {
            let mut decoder = SseDecoder::new();
            decoder.push(text.as_bytes()).unwrap();
            assert_eq!(decoder.next_data(), Some(&b"a"[..]));
            assert_eq!(decoder.next_data(), None);
            assert_eq!(decoder.finish(), Some((&b""[..], &b"b"[..])), "{text:?}");
        }
        assert_eq!(SseDecoder::new().finish(), None);
    }

    #[test]
    fn tells_the_name_of_each_event() {
        let mut decoder = SseDecoder::new();
        decoder
            .push(b"event: a\ndata: 1\n\ndata: 2\n\nevent: lost\n\ndata: 3\nevent:c\n\n")
            .unwrap();
        for (data, name) in [("1", "a"), ("2", ""), ("3", "c")] {
            assert_eq!(decoder.next_event(), Some((name.as_bytes(), data.as_bytes())));
        }
    }

    /// Pushes a piece over and over and tells the most that the decoder held, until it refuses or `times` is over.
    fn flood(start: &[u8], piece: &[u8], times: usize) -> (usize, Result<(), EventTooLong>) {
        let mut decoder = SseDecoder::new();
        let mut most = 0;
        decoder.push(start).unwrap();
        for _ in 0..times {
            if let Err(error) = decoder.push(piece) {
                return (most, Err(error));
            }
            assert!(decoder.next_data().is_none());
            let joined = match &decoder.data {
                Data::Joined(joined) => joined.capacity(),
                _ => 0,
            };
            most = most.max(decoder.buf.capacity() + joined + decoder.name.capacity());
        }
        (most, Ok(()))
    }

    #[test]
    fn an_endless_event_is_refused_and_takes_bounded_memory() {
        let long = |text: &str| text.repeat((1 << 20) / text.len()).into_bytes();
        for (start, piece) in [
            ("", "x"),
            (": ", "x"),
            ("data: ", "x"),
            ("data: a\n", "data: b\n"),
            ("data: a\n", ": comment\n"),
            ("event: ", "x"),
        ] {
            let (most, end) = flood(start.as_bytes(), &long(piece), 200);
            assert_eq!(end, Err(EventTooLong), "{start:?} {piece:?}");
            assert!(most <= 3 * MAX_EVENT_BYTES, "{start:?} {piece:?}: {most}");
        }
    }

    #[test]
    fn endless_comments_between_events_take_no_memory() {
        for piece in [
            ": comment\n",
            ": comment\n\n",
            "event: x\n",
            "\n",
            "retry: 1\r\n\r\n",
        ] {
            let (most, end) = flood(b"", &piece.repeat(1000).into_bytes(), 2000);
            assert_eq!(end, Ok(()), "{piece:?}");
            assert!(most < 1 << 20, "{piece:?}: {most}");
        }
    }

    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"data: ".to_vec()),
            Just(b"data".to_vec()),
            Just(b":".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\n\n".to_vec()),
            Just(b"\xef\xbb\xbf".to_vec()),
            Just(b"event: x\n".to_vec()),
            "[a-z\u{e9} ]{0,6}".prop_map(String::into_bytes),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(text in stream(), cuts in prop::collection::vec(0usize..200, 0..12)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&text[from..cut]);
                from = cut;
            }
            chunks.push(&text[from..]);
            let single: Vec<&[u8]> = text.chunks(1).collect();
            let whole = decode(&[&text]);
            prop_assert_eq!(&decode(&chunks), &whole);
            prop_assert_eq!(&decode(&single), &whole);
        }
    }
}
