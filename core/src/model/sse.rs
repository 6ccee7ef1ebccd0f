//! Server-sent events (WHATWG HTML section 9.2.6), decoded as the bytes come in.
//!
//! The decoder hands out `data` only: the Responses API repeats the event name inside it. The same bytes give the
//! same events however they are cut into chunks. An event of one `data` line, which is what servers send, is not
//! copied: it is a slice of the buffer.

use std::ops::Range;

use memchr::memchr2;

/// Longest event that is taken, in bytes. A server that sends more is broken or hostile.
pub(super) const MAX_EVENT_BYTES: usize = 64 << 20;

/// An event was longer than [`MAX_EVENT_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server sent an event of more than 64 MiB")]
pub struct EventTooLong;

/// An incremental decoder of one stream.
#[derive(Debug, Default)]
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
}

/// The `data` lines of the open event.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    One(Range<usize>),
    Joined(Vec<u8>),
}

impl SseDecoder {
    /// A decoder at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream. Call [`Self::next_data`] until it gives nothing before pushing more:
    /// otherwise the buffer only grows.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), EventTooLong> {
        self.drop_consumed();
        if self.buf.len() + chunk.len() > MAX_EVENT_BYTES {
            return Err(EventTooLong);
        }
        self.buf.extend_from_slice(chunk);
        Ok(())
    }

    /// The data of the next complete event, without the name, id and comments. Lines are joined by LF.
    pub fn next_data(&mut self) -> Option<&[u8]> {
        loop {
            let line = self.next_line()?;
            if !line.is_empty() {
                self.take_field(line);
                continue;
            }
            match std::mem::take(&mut self.data) {
                Data::None => {}
                Data::One(range) => return self.buf.get(range),
                Data::Joined(data) => {
                    // Kept until the next call, so that both cases can lend a slice of the same buffer.
                    let end = self.line;
                    self.buf.splice(..end, data.iter().copied());
                    self.line = data.len();
                    self.scanned = data.len();
                    return self.buf.get(..data.len());
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
        let text = &self.buf[line.clone()];
        let Some(rest) = text.strip_prefix(b"data") else {
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
    fn refuses_an_endless_event() {
        let mut decoder = SseDecoder::new();
        decoder.push(&vec![b'x'; MAX_EVENT_BYTES]).unwrap();
        assert!(decoder.next_data().is_none());
        assert_eq!(decoder.push(b"y"), Err(EventTooLong));
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
