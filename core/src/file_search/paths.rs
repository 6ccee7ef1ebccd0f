//! Paths in blocks of text, with what is needed to pass over most of them quickly.

/// Entries of a block at most. A block is what is shown to searches while a walk goes on.
pub(super) const ENTRIES: usize = 4096;
/// Bytes of text of a block, about.
const TEXT: usize = 256 << 10;

/// A block of paths, relative to the folder that was walked.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    text: String,
    heads: Vec<Head>,
    /// Where the folder of the last path stands in the text, up to its slash, and which characters it has: mostly that of
    /// the next one.
    folder: (usize, usize),
    folder_mask: u64,
}

/// What is known of a path without looking at it.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Where its text ends; it begins where the one before ends.
    end: u32,
    /// Bytes before the last part.
    name: u16,
    is_folder: bool,
    /// Which characters it has.
    mask: u64,
    /// Which characters its last part has.
    name_mask: u64,
}

/// What a path may match, as far as is known without looking at its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glance {
    pub(super) is_folder: bool,
    pub(super) mask: u64,
    pub(super) name_mask: u64,
    /// Bytes of the last part of the path.
    pub(super) name_bytes: usize,
}

/// One path of a block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) path: &'a str,
    /// The last part of the path.
    pub(super) name: &'a str,
    pub(super) is_folder: bool,
    pub(super) mask: u64,
    pub(super) name_mask: u64,
}

impl Chunk {
    pub(super) fn len(&self) -> usize {
        self.heads.len()
    }

    /// Bytes of text.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.heads.len() >= ENTRIES || self.text.len() >= TEXT
    }

    /// Adds a path. One that is longer than any path can be is left out.
    pub(super) fn push(&mut self, path: &str, is_folder: bool) {
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        let (Ok(end), Ok(start)) = (u32::try_from(self.text.len() + path.len()), u16::try_from(name)) else {
            return;
        };
        let (folder, last) = path.split_at(name);
        if self.text.get(self.folder.0..self.folder.1) != Some(folder) {
            self.folder_mask = mask_of(folder);
        }
        self.folder = (self.text.len(), self.text.len() + name);
        self.text.push_str(path);
        let name_mask = mask_of(last);
        self.heads.push(Head {
            end,
            name: start,
            is_folder,
            mask: self.folder_mask | name_mask,
            name_mask,
        });
    }

    /// Gives back room that is not needed.
    pub(super) fn finish(mut self) -> Self {
        self.text.shrink_to_fit();
        self.heads.shrink_to_fit();
        self
    }

    /// What is known of the path at this place without its text.
    pub(super) fn glance(&self, at: usize) -> Option<Glance> {
        let head = self.heads.get(at)?;
        Some(Glance {
            is_folder: head.is_folder,
            mask: head.mask,
            name_mask: head.name_mask,
            name_bytes: (head.end as usize).saturating_sub(self.start(at) + usize::from(head.name)),
        })
    }

    /// Where the text of the path at this place begins.
    fn start(&self, at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|before| self.heads.get(before));
        before.map_or(0, |before| before.end as usize)
    }

    /// The path at this place.
    pub(super) fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let head = self.heads.get(at)?;
        let path = self.text.get(self.start(at)..head.end as usize)?;
        Some(Entry {
            path,
            name: path.get(usize::from(head.name)..)?,
            is_folder: head.is_folder,
            mask: head.mask,
            name_mask: head.name_mask,
        })
    }
}

/// Which characters a text has, without regard to case. A text with others than ASCII may stand for any: matching takes
/// accents away.
pub(super) fn mask_of(text: &str) -> u64 {
    text.bytes().fold(0, |mask, byte| mask | BITS[usize::from(byte)])
}

/// What each byte adds to a mask.
static BITS: [u64; 256] = bits();

const fn bits() -> [u64; 256] {
    let mut bits = [u64::MAX; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        let bit = match byte.to_ascii_lowercase() {
            letter @ b'a'..=b'z' => letter - b'a',
            digit @ b'0'..=b'9' => 26 + digit - b'0',
            b'.' => 36,
            b'_' => 37,
            b'-' => 38,
            b'/' => 39,
            other => 40 + other % 24,
        };
        bits[byte as usize] = 1 << bit;
        byte += 1;
    }
    bits
}

/// Which characters of a query a path must have.
pub(super) fn wanted_mask(query: &str) -> u64 {
    let wanted = |letter: &char| letter.is_ascii() && !letter.is_whitespace();
    let ascii: String = query.chars().filter(wanted).collect();
    mask_of(&ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_again_with_their_last_parts() {
        let mut chunk = Chunk::default();
        for (path, folder) in [("", true), ("src", true), ("src/main.rs", false), ("é/ß", false)] {
            chunk.push(path, folder);
        }
        let chunk = chunk.finish();
        let entry = |at| {
            chunk
                .entry(at)
                .map(|entry| (entry.path, entry.name, entry.is_folder))
        };
        assert_eq!(entry(0), Some(("", "", true)));
        assert_eq!(entry(2), Some(("src/main.rs", "main.rs", false)));
        assert_eq!(entry(3), Some(("é/ß", "ß", false)));
        assert_eq!(entry(4), None);
    }

    #[test]
    fn a_path_has_the_same_mask_whatever_comes_before_it() {
        let mut chunk = Chunk::default();
        let paths = [
            "a/b/x", "a/b/y1", "a/by/x", "x", "", "a/b/z", "a/b", "é/x", "é/y", "b/x",
        ];
        for path in paths {
            chunk.push(path, false);
        }
        for (at, path) in paths.iter().enumerate() {
            let glance = chunk.glance(at).expect("a path");
            let name = path.rsplit('/').next().unwrap_or_default();
            assert_eq!(
                (glance.mask, glance.name_mask, glance.name_bytes),
                (mask_of(path), mask_of(name), name.len()),
                "{path}"
            );
        }
    }

    #[test]
    fn a_mask_never_hides_a_match() {
        let covers = |path: &str, query: &str| mask_of(path) & wanted_mask(query) == wanted_mask(query);
        assert!(covers("src/Main.rs", "MAIN"));
        assert!(!covers("src/lib.rs", "main"));
        assert!(covers("naïve", "naive") && covers("x", "é"));
    }
}
