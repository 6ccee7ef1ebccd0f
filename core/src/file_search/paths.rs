//! Paths in blocks of text, with what is needed to pass over most of them quickly.

use std::cmp::Ordering;

use super::letters::{self, First, Inner, Known, Letters};

/// Entries of a block at most. A block is what is shown to searches while a walk goes on.
pub(super) const ENTRIES: usize = 4096;
/// Bytes of text of a block, about.
const TEXT: usize = 256 << 10;

/// A block of paths, relative to the folder that was walked.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    text: String,
    heads: Vec<Head>,
    /// What is known of the letters of each last part beside that.
    inner: Vec<Inner>,
    /// Folders in which they lie. Mostly, the next path lies in that of the last.
    folders: Vec<Folder>,
}

/// What is known of a path without looking at it.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Where its text ends; it begins where the one before ends.
    end: u32,
    /// Which of the folders.
    folder: u16,
    is_folder: bool,
    /// The letter that its last part begins with.
    first: First,
    /// Which letters its last part has.
    any: u64,
}

/// A folder as paths name it, up to the last slash.
#[derive(Debug)]
struct Folder {
    /// Where it stands in the text.
    start: u32,
    length: u16,
    /// Which letters it has.
    any: u64,
}

/// What a path may match, as far as is known without looking at its text.
#[derive(Debug)]
pub(super) struct Glance<'a> {
    head: &'a Head,
    folder: &'a Folder,
    text: &'a str,
    inner: &'a Inner,
    /// Where the path begins in the text.
    start: usize,
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
    /// Which letters it has.
    pub(super) mask: u64,
    /// Which letters its last part has.
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
        let (folder, last) = path.split_at(name);
        let Ok(end) = u32::try_from(self.text.len() + path.len()) else {
            return;
        };
        let Some(folder) = self.folder(folder) else { return };
        let known = Known::of(last);
        self.text.push_str(path);
        self.heads.push(Head {
            end,
            folder,
            is_folder,
            first: known.first,
            any: known.any,
        });
        self.inner.push(known.inner);
    }

    /// The number of a folder whose path is added next.
    fn folder(&mut self, folder: &str) -> Option<u16> {
        let known = self.folders.last().and_then(|last| {
            let start = last.start as usize;
            self.text.get(start..start + usize::from(last.length))
        });
        if known != Some(folder) {
            self.folders.push(Folder {
                start: u32::try_from(self.text.len()).ok()?,
                length: u16::try_from(folder.len()).ok()?,
                any: letters::bits(folder),
            });
        }
        u16::try_from(self.folders.len() - 1).ok()
    }

    /// Gives back room that is not needed.
    pub(super) fn finish(mut self) -> Self {
        self.text.shrink_to_fit();
        self.heads.shrink_to_fit();
        self.inner.shrink_to_fit();
        self.folders.shrink_to_fit();
        self
    }

    /// What is known of the path at this place without its text.
    // Inlined as what follows of it: it is done for each path, and a copy in memory takes longer than all the rest.
    #[inline]
    pub(super) fn glance(&self, at: usize) -> Option<Glance<'_>> {
        let head = self.heads.get(at)?;
        let folder = self.folders.get(usize::from(head.folder))?;
        let start = self.start(at);
        Some(Glance {
            head,
            folder,
            text: &self.text,
            inner: self.inner.get(at)?,
            start,
            name_bytes: (head.end as usize).saturating_sub(start + usize::from(folder.length)),
        })
    }

    /// Where the text of the path at this place begins.
    #[inline]
    fn start(&self, at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|before| self.heads.get(before));
        before.map_or(0, |before| before.end as usize)
    }

    /// The path at this place.
    pub(super) fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let head = self.heads.get(at)?;
        let folder = self.folders.get(usize::from(head.folder))?;
        let path = self.text.get(self.start(at)..head.end as usize)?;
        Some(Entry {
            path,
            name: path.get(usize::from(folder.length)..)?,
            is_folder: head.is_folder,
            mask: folder.any | head.any,
            name_mask: head.any,
        })
    }
}

impl<'a> Glance<'a> {
    #[inline]
    pub(super) fn is_folder(&self) -> bool {
        self.head.is_folder
    }

    /// Bytes of the path.
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        usize::from(self.folder.length) + self.name_bytes
    }

    /// Which letters the path has.
    #[inline]
    pub(super) fn mask(&self) -> u64 {
        self.folder.any | self.head.any
    }

    /// Which letters its last part has.
    #[inline]
    pub(super) fn name_mask(&self) -> u64 {
        self.head.any
    }

    /// The letters of its last part.
    #[inline]
    pub(super) fn letters(&self) -> Letters<'a> {
        Letters {
            any: self.head.any,
            first: self.head.first.bit(),
            inner: self.inner,
        }
    }

    /// The folder of the path, up to its slash.
    pub(super) fn folder(&self) -> &'a str {
        let start = self.folder.start as usize;
        self.text
            .get(start..start + usize::from(self.folder.length))
            .unwrap_or_default()
    }

    /// Whether the path comes behind another one in the order of paths.
    #[inline]
    pub(super) fn is_behind(&self, other: &str) -> bool {
        // Mostly this is known from the folder, whose text the paths of a folder share.
        let folder = self.folder().as_bytes();
        let beginning = &other.as_bytes()[..folder.len().min(other.len())];
        match folder.cmp(beginning) {
            Ordering::Equal => self.text.get(self.start..self.head.end as usize) > Some(other),
            order => order.is_gt(),
        }
    }

    /// Bytes of the folder.
    pub(super) fn folder_bytes(&self) -> u32 {
        self.folder.length.into()
    }

    /// The number of the folder in its block.
    pub(super) fn folder_number(&self) -> u16 {
        self.head.folder
    }
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
    fn the_same_is_known_of_a_path_whatever_comes_before_it() {
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
            let known = Known::of(name);
            assert_eq!(
                (glance.head.any, glance.head.first),
                (known.any, known.first),
                "{path}"
            );
            assert_eq!(glance.inner, &known.inner, "{path}");
            assert_eq!(glance.folder(), &path[..path.len() - name.len()]);
            for other in paths {
                assert_eq!(glance.is_behind(other), *path > other, "{path}, {other}");
            }
            assert_eq!(
                (glance.mask(), glance.name_bytes),
                (letters::bits(path), name.len())
            );
        }
    }
}
