//! Zip archives (APPNOTE.TXT 6.3): deflated entries below 4 GiB, names in UTF-8.

use std::io::{self, Write};

use chrono::{Datelike, Timelike, Utc};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

const LOCAL_HEADER: u32 = 0x0403_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;

/// What is needed to unpack: deflate.
const NEEDS: u16 = 20;
/// Made on Unix, so that permissions count.
const MADE_BY: u16 = 3 << 8 | NEEDS;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;
const DEFLATE: u16 = 8;
/// A regular file, for its owner only.
const MODE: u32 = 0o100_600 << 16;

/// Makes an archive in memory.
#[derive(Debug, Default)]
pub(super) struct ZipWriter {
    archive: Vec<u8>,
    /// What comes at the end: where everything is.
    central: Vec<u8>,
    entries: u16,
}

impl ZipWriter {
    /// Adds a file.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
        deflate.write_all(bytes)?;
        let deflated = deflate.finish()?;
        let offset = self.archive.len();
        let fits =
            |size: usize| u32::try_from(size).map_err(|_| io::Error::other("the archive is too large"));
        let name_length =
            u16::try_from(name.len()).map_err(|_| io::Error::other("a name is too long for the archive"))?;
        let entries = self.entries.checked_add(1);
        let entries = entries.ok_or_else(|| io::Error::other("too many files for the archive"))?;

        let mut facts = Vec::with_capacity(26);
        push16(&mut facts, NEEDS);
        push16(&mut facts, FLAGS);
        push16(&mut facts, DEFLATE);
        let (time, date) = now();
        push16(&mut facts, time);
        push16(&mut facts, date);
        push32(&mut facts, crc.sum());
        push32(&mut facts, fits(deflated.len())?);
        push32(&mut facts, fits(bytes.len())?);
        push16(&mut facts, name_length);
        // No extra field.
        push16(&mut facts, 0);

        push32(&mut self.central, CENTRAL_HEADER);
        push16(&mut self.central, MADE_BY);
        self.central.extend_from_slice(&facts);
        // No comment, the first disk, no attributes of DOS.
        self.central.extend_from_slice(&[0; 6]);
        push32(&mut self.central, MODE);
        push32(&mut self.central, fits(offset)?);
        self.central.extend_from_slice(name.as_bytes());

        push32(&mut self.archive, LOCAL_HEADER);
        self.archive.extend_from_slice(&facts);
        self.archive.extend_from_slice(name.as_bytes());
        self.archive.extend_from_slice(&deflated);
        self.entries = entries;
        Ok(())
    }

    /// The archive.
    pub(super) fn finish(mut self) -> Vec<u8> {
        // Sizes below 4 GiB were checked for each entry; the last one may end just beyond.
        let offset = u32::try_from(self.archive.len()).unwrap_or(u32::MAX);
        let size = u32::try_from(self.central.len()).unwrap_or(u32::MAX);
        self.archive.append(&mut self.central);
        push32(&mut self.archive, END);
        // One disk.
        push32(&mut self.archive, 0);
        push16(&mut self.archive, self.entries);
        push16(&mut self.archive, self.entries);
        push32(&mut self.archive, size);
        push32(&mut self.archive, offset);
        push16(&mut self.archive, 0);
        self.archive
    }
}

/// The time as DOS writes it.
fn now() -> (u16, u16) {
    let now = Utc::now();
    let small = |number: u32| u16::try_from(number).unwrap_or_default();
    let time = small(now.hour()) << 11 | small(now.minute()) << 5 | small(now.second() / 2);
    let year = u16::try_from((now.year() - 1980).clamp(0, 127)).unwrap_or_default();
    (time, year << 9 | small(now.month()) << 5 | small(now.day()))
}

fn push16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn push32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::DeflateDecoder;

    use super::*;

    #[test]
    fn an_archive_holds_what_was_added() {
        let mut zip = ZipWriter::default();
        let large = vec![b'x'; 100_000];
        zip.add("a.json", b"{}").expect("added");
        zip.add("b/ö.txt", &large).expect("added");
        let archive = zip.finish();
        assert!(archive.len() < 1000, "compressed");
        assert!(archive.starts_with(b"PK\x03\x04") && archive.len() > 22);
        let end = &archive[archive.len() - 22..];
        assert_eq!(&end[..4], b"PK\x05\x06");
        assert_eq!(&end[8..12], [2, 0, 2, 0]);
        // The first entry, as a reader finds it.
        let size = u32::from_le_bytes(archive[18..22].try_into().expect("four bytes")) as usize;
        let mut text = String::new();
        DeflateDecoder::new(&archive[30 + 6..30 + 6 + size])
            .read_to_string(&mut text)
            .expect("deflated");
        assert_eq!(text, "{}");
    }
}
