//! Reading rollouts line by line, from either end, through all files of a history.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::layout::{in_either_form, is_compressed};
use super::line::{Room, Text};
use crate::history::private;
use crate::sys::files;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;
/// A longer line is skipped: what a client can say in one message, and the rest of a line, are shorter.
const LINE_LIMIT: usize = 128 << 20;
/// A line that is longer still is no line: what is read on would never end.
const SKIP_LIMIT: u64 = 2 << 30;
/// No line at the beginning of a file is read further than this for lists.
pub(crate) const HEAD_LIMIT: usize = 64 << 20;
/// Compressed files may always become this large.
const ALWAYS_EXPANDED: u64 = 64 << 20;
/// They may become larger than that by this factor: what compresses better holds nothing to be read.
const EXPANSION: u64 = 200;
/// What a compressed file may take in memory, in bytes.
pub(crate) const LARGEST_IN_MEMORY: u64 = 256 << 20;
/// What it may take on the disk.
const ON_DISK: u64 = 4 << 30;

/// A rollout opened for reading. Compressed files are held in memory, decompressed.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    content: Content,
    /// Bytes that belong to the history.
    end: u64,
    path: Arc<PathBuf>,
}

#[derive(Debug, Clone)]
enum Content {
    File(Arc<File>),
    Memory(Arc<Vec<u8>>),
}

impl Source {
    /// Opens a file, compressed or not; in its other form, if some process has just compressed or expanded it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        in_either_form(path, Self::open_at)
    }

    fn open_at(path: &Path) -> io::Result<Self> {
        let file = private::open_to_read(path)?;
        let size = file.metadata()?.len();
        let path = Arc::new(path.to_path_buf());
        if is_compressed(&path) {
            let limit = expanded_limit(size).min(LARGEST_IN_MEMORY);
            let mut bytes = Vec::new();
            let reader = zstd::stream::read::Decoder::new(file)?;
            reader.take(limit + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > limit {
                return Err(too_large(size, limit));
            }
            return Ok(Self {
                end: bytes.len() as u64,
                content: Content::Memory(Arc::new(bytes)),
                path,
            });
        }
        Ok(Self {
            end: size,
            content: Content::File(Arc::new(file)),
            path,
        })
    }

    /// Opens a file for its first lines only: of a compressed one no more than `limit` bytes are decompressed.
    pub(crate) fn open_head(path: &Path, limit: usize) -> io::Result<Self> {
        in_either_form(path, |path| Self::open_head_at(path, limit))
    }

    fn open_head_at(path: &Path, limit: usize) -> io::Result<Self> {
        if !is_compressed(path) {
            return Ok(Self::open_at(path)?.until(HEAD_LIMIT.max(limit) as u64));
        }
        let mut bytes = Vec::new();
        let reader = zstd::stream::read::Decoder::new(private::open_to_read(path)?)?;
        // A torn end still leaves the lines before it.
        let _ = reader.take(limit as u64).read_to_end(&mut bytes);
        Ok(Self {
            end: bytes.len() as u64,
            content: Content::Memory(Arc::new(bytes)),
            path: Arc::new(path.to_path_buf()),
        })
    }

    /// The same file, as far as `end`.
    pub(crate) fn until(mut self, end: u64) -> Self {
        self.end = self.end.min(end);
        self
    }

    pub(crate) fn len(&self) -> u64 {
        self.end
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads at `offset`; less than asked for only at the end.
    pub(crate) fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let out_len = out.len().min(left);
        let out = &mut out[..out_len];
        match &self.content {
            Content::Memory(bytes) => {
                let at = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let n = out.len().min(bytes.len() - at);
                out[..n].copy_from_slice(&bytes[at..at + n]);
                Ok(n)
            }
            Content::File(file) => {
                let mut done = 0;
                while done < out.len() {
                    match files::read_at(file, &mut out[done..], offset + done as u64) {
                        Ok(0) => break,
                        Ok(n) => done += n,
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                        Err(e) => return Err(e),
                    }
                }
                Ok(done)
            }
        }
    }

    /// Lines from `offset` on, which must be where a line begins.
    pub(crate) fn forward(&self, offset: u64) -> Forward<'_> {
        self.forward_in(offset, Vec::new())
    }

    /// Likewise, with a buffer that was used before.
    pub(crate) fn forward_in(&self, offset: u64, buffer: Vec<u8>) -> Forward<'_> {
        Forward {
            source: self,
            room: Room::new(),
            buffer,
            filled: 0,
            base: offset,
            at: 0,
        }
    }

    /// Lines before `offset`, the last one first.
    pub(crate) fn backward(&self, offset: u64) -> Backward<'_> {
        Backward {
            source: self,
            room: Room::new(),
            buffer: Vec::new(),
            base: offset.min(self.end),
            used: 0,
            first: true,
            done: false,
        }
    }

    /// Whether the last line has no end.
    pub(crate) fn is_torn(&self) -> io::Result<bool> {
        if self.end == 0 {
            return Ok(false);
        }
        let mut last = [0];
        Ok(self.read_at(self.end - 1, &mut last)? == 1 && last[0] != b'\n')
    }

    /// Where the line with this ordinal begins, by bisection: ordinals grow with the offset. `None` if there is none.
    pub(crate) fn find_ordinal(&self, ordinal: u64) -> io::Result<Option<u64>> {
        let (mut low, mut high) = (0, self.end);
        // Close enough to walk.
        while high - low > 64 << 10 {
            let middle = low + (high - low) / 2;
            match self.first_ordinal_after(middle, high)? {
                Some((_, found)) if found > ordinal => high = middle,
                Some((offset, found)) => {
                    low = offset;
                    if found == ordinal {
                        return Ok(Some(offset));
                    }
                }
                None => high = middle,
            }
        }
        let mut lines = self.forward(low);
        while let Some((offset, line)) = lines.next()? {
            match super::line::ordinal(&line) {
                Some(found) if found == ordinal => return Ok(Some(offset)),
                Some(found) if found > ordinal => return Ok(None),
                _ => {}
            }
        }
        Ok(None)
    }

    /// The first line with an ordinal that begins behind `offset` and before `limit`.
    fn first_ordinal_after(&self, offset: u64, limit: u64) -> io::Result<Option<(u64, u64)>> {
        let mut lines = self.forward(offset);
        // The line that `offset` is in.
        if lines.next()?.is_none() {
            return Ok(None);
        }
        while let Some((at, line)) = lines.next()? {
            if at >= limit {
                return Ok(None);
            }
            if let Some(ordinal) = super::line::ordinal(&line) {
                return Ok(Some((at, ordinal)));
            }
        }
        Ok(None)
    }
}

/// Decompresses a file, as far as one that a program wrote can go.
pub(crate) fn expand(from: &File, to: &mut impl Write) -> io::Result<()> {
    let size = from.metadata()?.len();
    let limit = expanded_limit(size);
    let mut reader = zstd::stream::read::Decoder::new(from)?.take(limit + 1);
    if io::copy(&mut reader, to)? > limit {
        return Err(too_large(size, limit));
    }
    Ok(())
}

/// How large a compressed file of this size may become, in bytes.
pub(crate) fn expanded_limit(compressed: u64) -> u64 {
    compressed
        .saturating_mul(EXPANSION)
        .clamp(ALWAYS_EXPANDED, ON_DISK)
}

fn too_large(compressed: u64, limit: u64) -> io::Error {
    io::Error::other(format!(
        "its {compressed} bytes decompress to more than {} MiB, which is not read. If the file can be trusted, \
         decompress it with `zstd -d`",
        limit >> 20
    ))
}

/// Lines of one file, first to last.
pub(crate) struct Forward<'a> {
    source: &'a Source,
    room: Room,
    buffer: Vec<u8>,
    /// How much of the buffer has been read.
    filled: usize,
    /// Where the buffer begins in the file.
    base: u64,
    /// How much of the buffer is done.
    at: usize,
}

impl Forward<'_> {
    /// The next line with its offset, without its end. A last line without an end is a line too. One that is longer
    /// than any that is written is passed over.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Text<'_>)>> {
        self.room.take();
        let mut searched = self.at;
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[searched..self.filled]) {
                let (start, end) = (self.at, searched + found);
                self.at = end + 1;
                let text = Text::new(&self.buffer[start..end], &self.room);
                return Ok(Some((self.base + start as u64, text)));
            }
            searched = self.filled - self.at;
            if searched > LINE_LIMIT {
                self.pass_over()?;
                searched = self.at;
            } else if !self.fill()? {
                let start = std::mem::replace(&mut self.at, self.filled);
                let rest = &self.buffer[start..self.filled];
                let text = Text::new(rest, &self.room);
                return Ok((!rest.is_empty()).then(|| (self.base + start as u64, text)));
            }
        }
    }

    /// Drops a line of which everything so far has been read, up to its end.
    fn pass_over(&mut self) -> io::Result<()> {
        let began = self.base + self.at as u64;
        loop {
            self.at = self.filled;
            if !self.fill()? {
                return Ok(());
            }
            if let Some(end) = memchr::memchr(b'\n', &self.buffer[..self.filled]) {
                self.at = end + 1;
                return Ok(());
            }
            if self.base - began > SKIP_LIMIT {
                return Err(endless());
            }
        }
    }

    /// Where the next line begins.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The buffer, for whoever reads next.
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Drops what is done, and reads on; `false` at the end. What is left moves to the front.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.at..self.filled, 0);
        self.base += self.at as u64;
        self.filled -= self.at;
        self.at = 0;
        let from = self.base + self.filled as u64;
        let left = usize::try_from(self.source.end.saturating_sub(from)).unwrap_or(usize::MAX);
        let wanted = self.filled + left.min(CHUNK.max(self.filled));
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let got = self.source.read_at(from, &mut self.buffer[self.filled..])?;
        self.filled += got;
        Ok(got > 0)
    }
}

/// Lines of one file, last to first.
pub(crate) struct Backward<'a> {
    source: &'a Source,
    room: Room,
    buffer: Vec<u8>,
    /// Where the buffer begins in the file.
    base: u64,
    /// How much of the buffer's end is done.
    used: usize,
    first: bool,
    done: bool,
}

impl Backward<'_> {
    /// The line before, with its offset, without its end. One that is longer than any that is written is passed over.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Text<'_>)>> {
        self.room.take();
        // Behind the first newline from the end there may be a torn line, or nothing.
        if std::mem::take(&mut self.first) {
            self.fill()?;
            self.done = self.buffer.is_empty();
            if self.buffer.last() == Some(&b'\n') {
                self.used = 1;
            }
        }
        if self.done {
            return Ok(None);
        }
        let mut known = 0;
        loop {
            let end = self.buffer.len() - self.used;
            if let Some(found) = memchr::memrchr(b'\n', &self.buffer[..end - known]) {
                self.used = self.buffer.len() - found;
                let text = Text::new(&self.buffer[found + 1..end], &self.room);
                return Ok(Some((self.base + found as u64 + 1, text)));
            }
            known = end;
            if self.base == 0 {
                self.done = true;
                return Ok(Some((0, Text::new(&self.buffer[..end], &self.room))));
            }
            if end > LINE_LIMIT {
                self.pass_over()?;
                if self.done {
                    return Ok(None);
                }
                known = 0;
                continue;
            }
            self.buffer.truncate(end);
            self.used = 0;
            self.fill_keeping()?;
        }
    }

    /// Drops a line of which everything so far has been read, up to its beginning.
    fn pass_over(&mut self) -> io::Result<()> {
        let began = self.base;
        while self.base > 0 {
            self.fill()?;
            if let Some(found) = memchr::memrchr(b'\n', &self.buffer) {
                self.used = self.buffer.len() - found;
                return Ok(());
            }
            if began - self.base > SKIP_LIMIT {
                return Err(endless());
            }
        }
        self.done = true;
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.used = 0;
        self.fill_keeping()
    }

    /// Puts what lies before the buffer in front of it.
    fn fill_keeping(&mut self) -> io::Result<()> {
        // Small first steps: often the very last lines are all that is wanted.
        let step = (self.buffer.len() * 2).clamp(16 << 10, 4 << 20) as u64;
        let start = self.base.saturating_sub(step);
        let size = usize::try_from(self.base - start).unwrap_or(usize::MAX);
        let mut front = vec![0; size + self.buffer.len()];
        let got = self.source.read_at(start, &mut front[..size])?;
        if got < size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        front[size..].copy_from_slice(&self.buffer);
        self.buffer = front;
        self.base = start;
        Ok(())
    }
}

fn endless() -> io::Error {
    io::Error::other(format!(
        "it has a line of more than {} GiB, which is no line of a thread",
        SKIP_LIMIT >> 30
    ))
}

#[cfg(test)]
mod tests;
