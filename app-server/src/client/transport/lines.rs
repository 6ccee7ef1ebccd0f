//! Splits a byte stream into lines.

use std::io;

use codex_core::external_file::without_bom;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes asked for at a time.
const CHUNK: usize = 64 * 1024;

/// A buffer that has grown beyond this is given back when its line is done.
const KEEP: usize = 1024 * 1024;

/// One step of a [`LineReader`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A line without its end (`\n` or `\r\n`) and without a byte order mark; never blank.
    Text(&'a [u8]),
    /// A line was longer than allowed. The rest of it will be skipped.
    TooLong,
    /// The stream has ended.
    End,
}

/// Reads lines. The half-read line stays in here, so that dropping the future of [`LineReader::next`] loses nothing.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    source: R,
    buffer: Vec<u8>,
    /// Everything before has been handed out.
    start: usize,
    /// No line end between `start` and here.
    searched: usize,
    limit: usize,
    skipping: bool,
    ended: bool,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Reads lines of at most `limit` bytes.
    pub(crate) fn new(source: R, limit: usize) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            limit,
            skipping: false,
            ended: false,
        }
    }

    /// The next line that is not blank. Text without a line end at the end of the stream is a line, too.
    pub(crate) async fn next(&mut self) -> io::Result<Line<'_>> {
        let (from, to) = loop {
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                let (from, to) = (self.start, self.searched + at);
                self.start = to + 1;
                self.searched = self.start;
                if std::mem::take(&mut self.skipping) {
                    continue;
                }
                if to - from > self.limit {
                    return Ok(Line::TooLong);
                }
                if !is_blank(&self.buffer[from..to]) {
                    break (from, to);
                }
            } else if self.ended {
                let (from, to) = (self.start, self.buffer.len());
                self.start = to;
                self.searched = to;
                if self.skipping || is_blank(&self.buffer[from..to]) {
                    return Ok(Line::End);
                }
                break (from, to);
            } else {
                self.searched = self.buffer.len();
                if self.skipping {
                    self.start = self.searched;
                } else if self.searched - self.start > self.limit {
                    self.skipping = true;
                    self.start = self.searched;
                    return Ok(Line::TooLong);
                }
                self.fill().await?;
            }
        };
        let line = &self.buffer[from..to];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(Line::Text(without_bom(line)))
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
            if self.buffer.capacity() > KEEP && self.buffer.len() < CHUNK {
                self.buffer.shrink_to(CHUNK);
            }
        }
        self.buffer.reserve(CHUNK);
        if self.source.read_buf(&mut self.buffer).await? == 0 {
            self.ended = true;
        }
        Ok(())
    }
}

pub(super) fn is_blank(line: &[u8]) -> bool {
    without_bom(line).iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::ReadBuf;

    /// Hands out the given chunks one by one.
    struct Chunks(std::vec::IntoIter<Vec<u8>>);

    impl AsyncRead for Chunks {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if let Some(chunk) = self.0.next() {
                buf.put_slice(&chunk);
            }
            Poll::Ready(Ok(()))
        }
    }

    fn read(chunks: Vec<Vec<u8>>, limit: usize) -> Vec<Option<Vec<u8>>> {
        let chunks: Vec<_> = chunks.into_iter().filter(|chunk| !chunk.is_empty()).collect();
        let mut lines = LineReader::new(Chunks(chunks.into_iter()), limit);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut all = Vec::new();
            loop {
                match lines.next().await.unwrap() {
                    Line::Text(line) => all.push(Some(line.to_vec())),
                    Line::TooLong => all.push(None),
                    Line::End => return all,
                }
            }
        })
    }

    #[test]
    fn takes_both_line_ends_skips_blank_lines_and_reads_the_last_line_without_end() {
        let lines = read(vec![b"a\r\n\n  \nb\nc".to_vec()], 10);
        assert_eq!(
            lines,
            [Some(b"a".to_vec()), Some(b"b".to_vec()), Some(b"c".to_vec())]
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_line() {
        let text = "\u{feff}a\n\u{feff}\r\nb\u{feff}\n";
        assert_eq!(
            read(vec![text.into()], 10),
            [Some(b"a".to_vec()), Some("b\u{feff}".into())]
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_told_once_and_the_next_one_is_read() {
        let lines = read(vec![b"12345".to_vec(), b"67".to_vec(), b"8\nok\n".to_vec()], 4);
        assert_eq!(lines, [None, Some(b"ok".to_vec())]);
        assert_eq!(
            read(vec![b"12345\nok\n".to_vec()], 4),
            [None, Some(b"ok".to_vec())]
        );
        assert_eq!(
            read(vec![b"1234\n12345".to_vec()], 4),
            [Some(b"1234".to_vec()), None]
        );
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_lines(text in "[ab\r\n]{0,60}", cuts in prop::collection::vec(0usize..60, 0..8)) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|at| at.min(text.len())).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for at in cuts {
                chunks.push(text.as_bytes()[from..at].to_vec());
                from = at;
            }
            chunks.push(text.as_bytes()[from..].to_vec());
            prop_assert_eq!(read(chunks, 5), read(vec![text.into_bytes()], 5));
        }
    }
}
