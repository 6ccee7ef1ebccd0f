//! Paths in blocks of text, with what is needed to pass over most of them quickly.

use crate::letters::{First, Inner, Known, Letters, Needed, Several};

/// Entries of a block at most.
const ENTRIES: usize = 4096;
/// Entries of a run at most: a bit for each.
const RUN: u8 = 64;
/// Bytes of text of a block, about.
const TEXT: usize = 256 << 10;

/// A block of paths, relative to the folder that is searched. Paths that come one after the other and lie in one folder
/// take less room and are searched faster.
#[derive(Debug, Default)]
pub struct Chunk {
    text: String,
    heads: Vec<Head>,
    /// Which letters each last part has. Kept apart from the rest, as it is looked at for most paths.
    masks: Vec<u64>,
    /// Which of them it has more than once.
    twice: Vec<u64>,
    /// The other way round: for each run, and each letter that any of its last parts has, which of them have it. Made when
    /// all paths are added.
    columns: Vec<u64>,
    /// What is known of the letters of each last part beside that.
    inner: Vec<Inner>,
    runs: Vec<Run>,
    /// The folders of all runs, up to their slashes. They are in the text as well, but far from each other.
    folders: String,
}

/// What is known of a path without looking at it.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Where its text ends; it begins where the one before ends.
    end: u32,
    /// Which run it is in.
    run: u16,
    is_folder: bool,
    /// The letter that its last part begins with.
    first: First,
}

/// Paths next to each other that lie in one folder, and what is known of all of them.
#[derive(Debug)]
pub(crate) struct Run {
    /// The place of the first.
    pub(crate) at: u16,
    count: u8,
    /// Bytes of the folder as paths name it, up to the last slash.
    folder_bytes: u16,
    /// Where the folder stands among those of the block.
    folder_start: u32,
    /// Where its columns begin, if they are made.
    columns: Option<u32>,
    /// The letters of the folder.
    folder: Several,
    /// The letters of the last parts.
    names: Several,
    /// Of how many bytes they are: a bit for each number, from 63 on one for all.
    lengths: u64,
}

/// What a path may match, as far as is known without looking at its text.
#[derive(Debug)]
pub(crate) struct Glance<'a> {
    pub(crate) chunk: &'a Chunk,
    pub(crate) run: &'a Run,
    head: &'a Head,
    inner: &'a Inner,
    mask: u64,
    /// Where the path begins in the text.
    start: usize,
    /// Bytes of the last part of the path.
    pub(crate) name_bytes: usize,
}

/// One path of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) path: &'a str,
    /// The last part of the path.
    pub(crate) name: &'a str,
    pub(crate) is_folder: bool,
    /// Which letters it has.
    pub(crate) mask: u64,
    /// Which letters its last part has.
    pub(crate) name_mask: u64,
}

impl Chunk {
    /// How many paths it has.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Bytes of text.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.folders.len()
    }

    /// Whether the next path belongs in another block.
    pub fn is_full(&self) -> bool {
        self.heads.len() >= ENTRIES || self.text.len() >= TEXT
    }

    /// Adds a path, whose parts are separated by `/`. One that is longer than any path can be is left out.
    pub fn push(&mut self, path: &str, is_folder: bool) {
        let name = path.rfind('/').map_or(0, |slash| slash + 1);
        let (folder, last) = path.split_at(name);
        let Ok(end) = u32::try_from(self.text.len() + path.len()) else {
            return;
        };
        let Some(number) = self.run_of(folder) else { return };
        let known = Known::of(last);
        if let Some(run) = self.runs.last_mut() {
            run.count += 1;
            run.names.add(&known);
            // Of a name with others than ASCII, the letters are not counted here.
            let length = if last.is_ascii() {
                length_bit(last.len())
            } else {
                u64::MAX
            };
            run.lengths |= length;
        }
        self.text.push_str(path);
        self.heads.push(Head {
            end,
            run: number,
            is_folder,
            first: known.first,
        });
        self.masks.push(known.any);
        self.twice.push(known.twice);
        self.inner.push(known.inner);
    }

    /// The number of the run that a path in this folder, which is added next, belongs to.
    fn run_of(&mut self, folder: &str) -> Option<u16> {
        let last = self.runs.last().filter(|last| last.count < RUN);
        if last.map(|last| self.folder(last)) != Some(folder) {
            self.runs.push(Run {
                at: u16::try_from(self.heads.len()).ok()?,
                count: 0,
                folder_bytes: u16::try_from(folder.len()).ok()?,
                folder_start: u32::try_from(self.folders.len()).ok()?,
                columns: None,
                folder: Several::of_folder(folder),
                names: Several::default(),
                lengths: 0,
            });
            self.folders.push_str(folder);
        }
        u16::try_from(self.runs.len() - 1).ok()
    }

    /// Makes searches faster and gives back room that is not needed, once all paths are added.
    #[must_use]
    pub fn finish(mut self) -> Self {
        for run in &mut self.runs {
            run.columns = u32::try_from(self.columns.len()).ok();
            let mut letters = run.names.letters().any;
            while letters != 0 {
                let letter = letters & letters.wrapping_neg();
                letters &= letters - 1;
                self.columns.push(having(&self.masks, run, letter));
            }
        }
        self.columns.shrink_to_fit();
        self.text.shrink_to_fit();
        self.heads.shrink_to_fit();
        self.masks.shrink_to_fit();
        self.twice.shrink_to_fit();
        self.inner.shrink_to_fit();
        self.runs.shrink_to_fit();
        self.folders.shrink_to_fit();
        self
    }

    /// The path that was added first.
    pub(crate) fn first(&self) -> Option<&str> {
        self.text.get(..self.heads.first()?.end as usize)
    }

    /// All paths, by runs.
    pub(crate) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Which paths of a run have these letters, together with the folder.
    pub(crate) fn with_letters(&self, run: &Run, letters: u64) -> u64 {
        self.with_letters_in_name(run, letters & !run.folder.letters().any)
    }

    /// Which paths of a run have these letters in the last part.
    #[inline]
    pub(crate) fn with_letters_in_name(&self, run: &Run, letters: u64) -> u64 {
        let any = run.letters().any;
        if any & letters != letters {
            return 0;
        }
        let Some(columns) = run.columns.and_then(|start| self.columns.get(start as usize..)) else {
            return having(&self.masks, run, letters);
        };
        let (mut with, mut left) = (run.all(), letters);
        while left != 0 && with != 0 {
            let before = (left & left.wrapping_neg()) - 1;
            left &= left - 1;
            let column = (any & before).count_ones() as usize;
            with &= columns.get(column).copied().unwrap_or(u64::MAX);
        }
        with
    }

    /// Which paths of a run have what is needed in the last part.
    #[inline]
    pub(crate) fn with_needed_in_name(&self, run: &Run, needed: Needed) -> u64 {
        let bits = self.with_letters_in_name(run, needed.any);
        if bits == 0 || needed.twice == 0 {
            return bits;
        }
        let (mut with, mut unseen) = (bits, bits);
        while unseen != 0 {
            let bit = unseen & unseen.wrapping_neg();
            unseen &= unseen - 1;
            let twice = self.twice.get(run.place(bit.trailing_zeros()));
            if twice.is_some_and(|twice| twice & needed.twice != needed.twice) {
                with &= !bit;
            }
        }
        with
    }

    /// The letters of the last part of the path at this place.
    #[inline]
    pub(crate) fn letters(&self, at: usize) -> Option<Letters<'_>> {
        Some(Letters {
            any: *self.masks.get(at)?,
            first: self.heads.get(at)?.first.bit(),
            parts: 0,
            inner: self.inner.get(at)?,
        })
    }

    /// What is known of the path at this place without its text.
    // Inlined as what follows of it: it is done for each path, and a copy in memory takes longer than all the rest.
    #[inline]
    pub(crate) fn glance(&self, at: usize) -> Option<Glance<'_>> {
        let head = self.heads.get(at)?;
        let run = self.runs.get(usize::from(head.run))?;
        let start = self.start(at);
        Some(Glance {
            chunk: self,
            run,
            head,
            inner: self.inner.get(at)?,
            mask: *self.masks.get(at)?,
            start,
            name_bytes: (head.end as usize).saturating_sub(start + usize::from(run.folder_bytes)),
        })
    }

    /// Where the text of the path at this place begins.
    #[inline]
    fn start(&self, at: usize) -> usize {
        let before = at.checked_sub(1).and_then(|before| self.heads.get(before));
        before.map_or(0, |before| before.end as usize)
    }

    /// The path at this place.
    pub(crate) fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let head = self.heads.get(at)?;
        let run = self.runs.get(usize::from(head.run))?;
        let path = self.text.get(self.start(at)..head.end as usize)?;
        let mask = *self.masks.get(at)?;
        Some(Entry {
            path,
            name: path.get(usize::from(run.folder_bytes)..)?,
            is_folder: head.is_folder,
            mask: run.folder.letters().any | mask,
            name_mask: mask,
        })
    }

    /// Whether all paths of a run come behind another one in the order of paths, as far as is known from their folder.
    #[inline]
    pub(crate) fn is_behind(&self, run: &Run, other: &str) -> bool {
        let folder = self.folder(run).as_bytes();
        *folder > other.as_bytes()[..folder.len().min(other.len())]
    }

    /// The folder of a run, up to its slash.
    pub(crate) fn folder(&self, run: &Run) -> &str {
        let start = run.folder_start as usize;
        self.folders
            .get(start..start + usize::from(run.folder_bytes))
            .unwrap_or_default()
    }
}

impl Run {
    /// A bit for each path of it.
    pub(crate) fn all(&self) -> u64 {
        u64::MAX >> (RUN - self.count.clamp(1, RUN))
    }

    /// The place in the block of the path that this bit stands for.
    pub(crate) fn place(&self, bit: u32) -> usize {
        usize::from(self.at) + bit as usize
    }

    /// Which letters its paths have.
    #[inline]
    pub(crate) fn mask(&self) -> u64 {
        self.folder.letters().any | self.names.letters().any
    }

    /// Letters of the last parts, as if they were one.
    #[inline]
    pub(crate) fn letters(&self) -> Letters<'_> {
        self.names.letters()
    }

    /// Letters of the folder.
    #[inline]
    pub(crate) fn folder_letters(&self) -> Letters<'_> {
        self.folder.letters()
    }

    /// Letters of the last parts, together with those of the folder.
    pub(crate) fn path_letters(&self) -> Several {
        self.folder.with(&self.names)
    }

    /// Whether there may be a last part with so many letters.
    pub(crate) fn may_have_length(&self, letters: usize) -> bool {
        self.lengths & length_bit(letters) != 0
    }

    /// Bytes of the folder.
    pub(crate) fn folder_bytes(&self) -> u32 {
        self.folder_bytes.into()
    }
}

/// Which paths of a run have all of these bits in these masks.
#[inline]
fn having(masks: &[u64], run: &Run, bits: u64) -> u64 {
    let at = usize::from(run.at);
    let masks = masks.get(at..at + usize::from(run.count)).unwrap_or_default();
    let has = masks.iter().map(|mask| u64::from(mask & bits == bits));
    has.zip(0..).fold(0, |all, (has, place)| all | has << place)
}

fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

impl<'a> Glance<'a> {
    #[inline]
    pub(crate) fn is_folder(&self) -> bool {
        self.head.is_folder
    }

    /// Bytes of the path.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        usize::from(self.run.folder_bytes) + self.name_bytes
    }

    /// Which letters the path has.
    #[inline]
    pub(crate) fn mask(&self) -> u64 {
        self.run.folder.letters().any | self.mask
    }

    /// Which letters its last part has.
    #[inline]
    pub(crate) fn name_mask(&self) -> u64 {
        self.mask
    }

    /// The letters of its last part.
    #[inline]
    pub(crate) fn letters(&self) -> Letters<'a> {
        Letters {
            any: self.mask,
            first: self.head.first.bit(),
            parts: 0,
            inner: self.inner,
        }
    }

    /// Its last part.
    #[inline]
    pub(crate) fn name(&self) -> &'a str {
        let end = self.head.end as usize;
        self.chunk
            .text
            .get(end - self.name_bytes..end)
            .unwrap_or_default()
    }

    /// All of it.
    pub(crate) fn path(&self) -> &'a str {
        self.chunk
            .text
            .get(self.start..self.head.end as usize)
            .unwrap_or_default()
    }

    /// Whether the path comes behind another one in the order of paths.
    #[inline]
    pub(crate) fn is_behind(&self, other: &str) -> bool {
        self.chunk.text.get(self.start..self.head.end as usize) > Some(other)
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
    fn the_same_paths_have_letters_whether_columns_are_made_or_not() {
        let fill = || {
            let mut chunk = Chunk::default();
            for number in 0..200 {
                let folder = ["", "src/", "tests/deep/"][number / 67];
                let name = ["main", "Lib", "é", "mod_x", "a-b", "", "zz"][number % 7];
                chunk.push(&format!("{folder}{name}{number}"), false);
            }
            chunk
        };
        let (open, done) = (fill(), fill().finish());
        let masks = open
            .masks
            .iter()
            .flat_map(|mask| [*mask, mask & 0xff00_ff00_ff00, mask.rotate_left(3)]);
        for letters in masks.chain([0, 1, u64::MAX]) {
            for (run, same) in open.runs().iter().zip(done.runs()) {
                let twice = letters & 0x0f0f_0f0f_0f0f;
                let needed = Needed { any: letters, twice };
                assert_eq!(
                    (
                        open.with_letters_in_name(run, letters),
                        open.with_needed_in_name(run, needed)
                    ),
                    (
                        done.with_letters_in_name(same, letters),
                        done.with_needed_in_name(same, needed)
                    )
                );
            }
        }
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
                (glance.mask, glance.head.first, glance.inner),
                (known.any, known.first, &known.inner),
                "{path}"
            );
            assert_eq!((glance.path(), glance.name()), (*path, name));
            let folder = &path[..path.len() - name.len()];
            assert_eq!(chunk.folder(glance.run), folder);
            for other in paths {
                assert_eq!(glance.is_behind(other), *path > other, "{path}, {other}");
                let all_behind = folder > other && !other.starts_with(folder);
                assert_eq!(chunk.is_behind(glance.run, other), all_behind, "{path}, {other}");
            }
            assert_eq!(glance.mask() & Known::of(path).any, Known::of(path).any);
            assert_eq!(glance.name_bytes, name.len());
        }
    }
}
