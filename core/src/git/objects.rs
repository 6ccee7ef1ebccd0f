//! Commits, read from the repository's own files: loose objects and packs.

use std::collections::{BinaryHeap, HashMap, HashSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Instant;

use flate2::read::ZlibDecoder;

use super::head::is_hash;
use super::repository::{Place, Repository};
use crate::hex::bytes_of;

/// Most of a commit that is read, in bytes.
const MAX_COMMIT: u64 = 64 << 10;
/// Packs that are looked into.
const MAX_PACKS: usize = 64;
/// Commits that are compared of two branches.
const MAX_WALK: usize = 500;
/// How many changes a commit may be away from one that is stored whole. Git makes chains of 50.
const MAX_DELTAS: usize = 64;

/// Whose commits are.
const OURS: u8 = 1;
const THEIRS: u8 = 2;
const BOTH: u8 = OURS | THEIRS;

/// Kinds of objects in packs.
const COMMIT: u8 = 1;
const OFFSET_DELTA: u8 = 6;
const HASH_DELTA: u8 = 7;

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commit {
    /// First line of its message.
    pub(super) subject: String,
    parents: Vec<String>,
    /// When it was made, in Unix seconds.
    time: i64,
}

/// The commits of a repository.
pub(super) struct Commits<'a> {
    repository: &'a Repository,
    /// Opened when a commit is not found as a loose object.
    packs: Option<Vec<Pack>>,
    hash_length: usize,
    /// No more is read after this.
    until: Instant,
}

impl<'a> Commits<'a> {
    pub(super) fn new(repository: &'a Repository, hash_length: usize, until: Instant) -> Self {
        Self {
            repository,
            packs: None,
            hash_length,
            until,
        }
    }

    /// A commit, by the hexadecimal digits of its hash. `None`: it can't be read, or not in time.
    pub(super) fn get(&mut self, hash: &str) -> Option<Commit> {
        if !is_hash(hash) || Instant::now() >= self.until {
            return None;
        }
        let bytes = self.loose(hash).or_else(|| self.packed(hash))?;
        Commit::parse(&bytes)
    }

    /// How many commits of `ours` are not among those of `theirs`, and the other way round. `None` if that takes too much.
    pub(super) fn ahead_behind(&mut self, ours: &str, theirs: &str) -> Option<(usize, usize)> {
        let (sides, _) = self.sides(ours, theirs)?;
        let count = |side| sides.values().filter(|found| **found == side).count();
        Some((count(OURS), count(THEIRS)))
    }

    /// The last commit that `ours` and `theirs` have in common. `None` if there is none, or if that takes too much.
    pub(super) fn merge_base(&mut self, ours: &str, theirs: &str) -> Option<String> {
        let (sides, commits) = self.sides(ours, theirs)?;
        let mut common = commits;
        common.retain(|hash, _| sides.get(hash) == Some(&BOTH));
        let parents: HashSet<_> = common.values().flat_map(|commit| &commit.parents).collect();
        let last = common.iter().filter(|(hash, _)| !parents.contains(hash));
        let (hash, _) = last.max_by_key(|(hash, commit)| (commit.time, *hash))?;
        Some(hash.clone())
    }

    /// The commits that had to be read to tell the two apart, and whose they are.
    fn sides(&mut self, ours: &str, theirs: &str) -> Option<(HashMap<String, u8>, HashMap<String, Commit>)> {
        let mut sides: HashMap<String, u8> = HashMap::new();
        // Newest first; the number of those that are not known to be in both.
        let mut next: BinaryHeap<(i64, String)> = BinaryHeap::new();
        let mut commits: HashMap<String, Commit> = HashMap::new();
        for (hash, side) in [(ours, OURS), (theirs, THEIRS)] {
            let commit = self.get(hash)?;
            next.push((commit.time, hash.to_owned()));
            commits.insert(hash.to_owned(), commit);
            *sides.entry(hash.to_owned()).or_default() |= side;
        }
        let mut steps = 0;
        while next.iter().any(|(_, hash)| sides.get(hash) != Some(&BOTH)) {
            steps += 1;
            if steps > MAX_WALK {
                return None;
            }
            let (_, hash) = next.pop()?;
            let side = *sides.get(&hash)?;
            for parent in commits.get(&hash)?.parents.clone() {
                let seen = sides.get(&parent).copied().unwrap_or_default();
                if seen | side == seen {
                    continue;
                }
                sides.insert(parent.clone(), seen | side);
                if !commits.contains_key(&parent) {
                    commits.insert(parent.clone(), self.get(&parent)?);
                }
                next.push((commits.get(&parent)?.time, parent));
            }
        }
        // What was read before it was known to be in both, as clocks differ and commits of one second have no order.
        let mut both: Vec<String> = next.into_iter().map(|(_, hash)| hash).collect();
        while let Some(hash) = both.pop() {
            for parent in commits.get(&hash).iter().flat_map(|commit| &commit.parents) {
                if let Some(side) = sides.get_mut(parent)
                    && *side != BOTH
                {
                    *side = BOTH;
                    both.push(parent.clone());
                }
            }
        }
        Some((sides, commits))
    }

    fn loose(&self, hash: &str) -> Option<Vec<u8>> {
        let (folder, name) = hash.split_at_checked(2)?;
        let file = self
            .repository
            .open(Place::Shared, &format!("objects/{folder}/{name}"))
            .ok()?;
        let bytes = inflated(file)?;
        let end = memchr::memchr(0, &bytes)?;
        bytes
            .get(..end)?
            .starts_with(b"commit ")
            .then(|| bytes.get(end + 1..).map(<[u8]>::to_vec))?
    }

    fn packed(&mut self, hash: &str) -> Option<Vec<u8>> {
        let hash = bytes_of(hash).filter(|hash| hash.len() == self.hash_length)?;
        if self.packs.is_none() {
            self.packs = Some(self.open_packs());
        }
        let until = self.until;
        self.packs
            .as_mut()?
            .iter_mut()
            .take_while(|_| Instant::now() < until)
            .find_map(|pack| pack.commit(&hash))
    }

    fn open_packs(&self) -> Vec<Pack> {
        let [_, shared] = self.repository.git_folders();
        let Ok(found) = std::fs::read_dir(shared.join("objects/pack")) else {
            return Vec::new();
        };
        let names = found
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".idx").map(str::to_owned));
        let open = |name: String, suffix: &str| {
            let path = format!("objects/pack/{name}.{suffix}");
            self.repository.open(Place::Shared, &path).ok()
        };
        names
            .take(MAX_PACKS)
            .filter_map(|name| Pack::new(open(name.clone(), "idx")?, open(name, "pack")?))
            .collect()
    }
}

impl Commit {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, message) = text.split_once("\n\n")?;
        let mut parents = Vec::new();
        let mut time = None;
        for line in head.lines() {
            match line.split_once(' ') {
                Some(("parent", hash)) if is_hash(hash) => parents.push(hash.to_owned()),
                Some(("committer", who)) => {
                    let mut words = who.rsplit(' ');
                    words.next();
                    time = words.next().and_then(|time| time.parse().ok());
                }
                _ => {}
            }
        }
        Some(Self {
            subject: message.lines().next().unwrap_or_default().trim().to_owned(),
            parents,
            time: time?,
        })
    }
}

/// A pack with its index, version 2.
struct Pack {
    index: File,
    data: File,
    /// Number of objects whose hashes begin with at most this byte.
    fanout: Vec<u32>,
}

impl Pack {
    fn new(mut index: File, data: File) -> Option<Self> {
        let mut head = [0; 8 + 1024];
        index.read_exact(&mut head).ok()?;
        let (magic, fanout) = head.split_at(8);
        (magic == b"\xfftOc\0\0\0\x02").then_some(())?;
        let (numbers, _) = fanout.as_chunks::<4>();
        let fanout: Vec<_> = numbers.iter().map(|number| u32::from_be_bytes(*number)).collect();
        fanout.is_sorted().then_some(())?;
        Some(Self { index, data, fanout })
    }

    /// The content of a commit.
    fn commit(&mut self, hash: &[u8]) -> Option<Vec<u8>> {
        let offset = self.offset(hash)?;
        let (kind, bytes) = self.object(offset, hash.len(), 0)?;
        (kind == COMMIT).then_some(bytes)
    }

    /// The kind and the content of the object at this place, whole or as a change of another one.
    fn object(&mut self, offset: u64, hash_length: usize, depth: usize) -> Option<(u8, Vec<u8>)> {
        (depth <= MAX_DELTAS).then_some(())?;
        self.data.seek(SeekFrom::Start(offset)).ok()?;
        // The kind is in three bits; the rest, and further bytes, are the size.
        let first = self.byte()?;
        let kind = (first >> 4) & 7;
        let mut more = first & 0x80 != 0;
        let mut bytes_of_size = 0;
        while more {
            more = self.byte()? & 0x80 != 0;
            bytes_of_size += 1;
            (bytes_of_size < 10).then_some(())?;
        }
        let base = match kind {
            OFFSET_DELTA => {
                let back = self.distance()?;
                Some(offset.checked_sub(back).filter(|_| back > 0)?)
            }
            HASH_DELTA => {
                let mut hash = vec![0; hash_length];
                self.data.read_exact(&mut hash).ok()?;
                Some(self.offset(&hash)?)
            }
            _ => None,
        };
        // Reading the base would lose the place.
        let bytes = inflated(&mut self.data)?;
        match base {
            None => Some((kind, bytes)),
            Some(base) => {
                let (kind, base) = self.object(base, hash_length, depth + 1)?;
                Some((kind, changed(&base, &bytes)?))
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let mut byte = [0];
        self.data.read_exact(&mut byte).ok()?;
        Some(byte[0])
    }

    /// How far back a base is.
    fn distance(&mut self) -> Option<u64> {
        let mut byte = self.byte()?;
        let mut distance = u64::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.byte()?;
            distance = distance.checked_add(1)?.checked_mul(128)? | u64::from(byte & 0x7f);
        }
        Some(distance)
    }

    /// Where an object is in the pack.
    fn offset(&mut self, hash: &[u8]) -> Option<u64> {
        let length = u64::try_from(hash.len()).ok()?;
        let first = usize::from(*hash.first()?);
        let mut low = match first.checked_sub(1) {
            Some(before) => u64::from(*self.fanout.get(before)?),
            None => 0,
        };
        let mut high = u64::from(*self.fanout.get(first)?);
        let all = u64::from(*self.fanout.last()?);
        let hashes = 8 + 1024;
        let mut found = vec![0; hash.len()];
        while low < high {
            let middle = low.midpoint(high);
            self.read_index(hashes + middle * length, &mut found)?;
            match found.as_slice().cmp(hash) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    // Checksums of four bytes lie between.
                    let offsets = hashes + all * (length + 4);
                    let mut number = [0; 4];
                    self.read_index(offsets + middle * 4, &mut number)?;
                    let number = u32::from_be_bytes(number);
                    if number & 0x8000_0000 == 0 {
                        return Some(u64::from(number));
                    }
                    let mut large = [0; 8];
                    let place = u64::from(number & 0x7fff_ffff);
                    self.read_index(offsets + all * 4 + place * 8, &mut large)?;
                    return Some(u64::from_be_bytes(large));
                }
            }
        }
        None
    }

    fn read_index(&mut self, at: u64, into: &mut [u8]) -> Option<()> {
        self.index.seek(SeekFrom::Start(at)).ok()?;
        self.index.read_exact(into).ok()
    }
}

/// What a change makes of its base: pieces of the base, and pieces of its own.
fn changed(base: &[u8], change: &[u8]) -> Option<Vec<u8>> {
    let mut change = change;
    let length = usize::try_from(take_size(&mut change)?).ok()?;
    (length == base.len()).then_some(())?;
    let size = take_size(&mut change)?;
    (size <= MAX_COMMIT).then_some(())?;
    let size = usize::try_from(size).ok()?;
    let mut bytes = Vec::with_capacity(size);
    while let Some((&first, rest)) = change.split_first() {
        change = rest;
        if first & 0x80 == 0 {
            let (own, rest) = change.split_at_checked(usize::from(first))?;
            (first > 0).then_some(())?;
            bytes.extend_from_slice(own);
            change = rest;
        } else {
            // Four bits say which bytes of the place follow, three which of the length.
            let mut take = |bits: std::ops::Range<u32>| {
                let mut number = 0_usize;
                for (shift, bit) in (0..).step_by(8).zip(bits) {
                    if first & (1 << bit) != 0 {
                        let (&byte, rest) = change.split_first()?;
                        change = rest;
                        number |= usize::from(byte) << shift;
                    }
                }
                Some(number)
            };
            let place = take(0..4)?;
            let length = match take(4..7)? {
                0 => 0x1_0000,
                length => length,
            };
            bytes.extend_from_slice(base.get(place..place.checked_add(length)?)?);
        }
        (bytes.len() <= size).then_some(())?;
    }
    (bytes.len() == size).then_some(bytes)
}

/// A size at the beginning of a change, lowest bits first.
fn take_size(bytes: &mut &[u8]) -> Option<u64> {
    let mut size = 0;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        size |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(size);
        }
    }
    None
}

/// What a compressed stream holds. One that is longer than a commit should be is cut.
fn inflated(stream: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = ZlibDecoder::new(stream).take(MAX_COMMIT).read_to_end(&mut bytes);
    read.ok().map(|_| bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_change_takes_pieces_of_its_base_and_of_its_own() {
        // Sizes 6 and 7; three bytes from place 1; "xy"; two bytes from place 4.
        let change = [6, 7, 0x91, 1, 3, 2, b'x', b'y', 0x91, 4, 2];
        assert_eq!(changed(b"abcdef", &change).as_deref(), Some(&b"bcdxyef"[..]));
        assert_eq!(changed(b"abcde", &change), None, "of another base");
        assert_eq!(changed(b"abcdef", &change[..10]), None, "cut");
    }

    proptest! {
        #[test]
        fn nonsense_is_no_change_and_no_commit(base in prop::collection::vec(any::<u8>(), 0..20),
                                               change in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(made) = changed(&base, &change) {
                prop_assert!(made.len() <= 64 << 10);
            }
            let _ = Commit::parse(&change);
        }
    }
}
