//! What a permission profile of the user's own says beyond the policy that it comes closest to
//! (docs/contract/safety.md#permission-profiles).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use globset::{Candidate, GlobBuilder, GlobMatcher};

/// What makes a part of a path a pattern.
const WILDCARDS: [char; 3] = ['*', '?', '['];

/// What a permission profile says beyond its policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileRules {
    /// Further folders to write.
    pub writable: Vec<PathBuf>,
    /// Folders and files to keep read-only within writable ones.
    pub read_only: Vec<PathBuf>,
    /// Folders and files that can't be read.
    pub deny_read: Vec<PathBuf>,
    /// As `writable`, in each workspace root.
    pub writable_in_roots: Vec<PathBuf>,
    /// As `read_only`, in each workspace root.
    pub read_only_in_roots: Vec<PathBuf>,
    /// As `deny_read`, in each workspace root.
    pub deny_read_in_roots: Vec<PathBuf>,
    /// What can't be read, by patterns.
    pub deny_patterns: Vec<DenyPattern>,
    /// As `deny_patterns`, in each workspace root.
    pub deny_patterns_in_roots: Vec<DenyPattern>,
    /// How many folders deep patterns with `**` look; 1 is what lies in their folder itself. `None`: all the way down.
    pub glob_scan_max_depth: Option<usize>,
    /// Nothing else can be read, but for what can be written and the folders of the system that programs need to run. `None`:
    /// everything can.
    pub readable: Option<ReadableOnly>,
}

/// What can be read where not everything can.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadableOnly {
    /// Folders and files.
    pub paths: Vec<PathBuf>,
    /// As these, in each workspace root; an empty path is the root itself.
    pub in_roots: Vec<PathBuf>,
}

/// Files and folders that can't be read, by what their paths look like.
#[derive(Debug, Clone)]
pub struct DenyPattern {
    /// Where it holds: absolute, or below each workspace root.
    pub folder: PathBuf,
    /// What paths below that folder look like.
    glob: Arc<str>,
    /// Made once for all commands. Compares [`one_byte_each`].
    matcher: Arc<GlobMatcher>,
}

impl Ord for DenyPattern {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.folder, &self.glob).cmp(&(&other.folder, &other.glob))
    }
}

impl PartialOrd for DenyPattern {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for DenyPattern {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for DenyPattern {}

impl DenyPattern {
    /// Takes a path apart. `None`: it is no pattern.
    ///
    /// # Errors
    ///
    /// What is wrong with the pattern.
    pub fn new(path: &Path) -> Result<Option<Self>, String> {
        let mut folder = PathBuf::new();
        let mut components = path.components();
        loop {
            let rest = components.as_path();
            match components.next() {
                None => return Ok(None),
                Some(Component::Normal(name)) if name.to_string_lossy().contains(WILDCARDS) => {
                    let rest: PathBuf = rest.components().collect();
                    if rest.components().any(|part| part == Component::ParentDir) {
                        return Err("`..` can't come after a wildcard".to_owned());
                    }
                    let glob = rest.to_str().ok_or("it is not UTF-8")?;
                    if !glob.is_ascii() && glob.contains('[') {
                        return Err("`[` can't be in it with letters that are not ASCII".to_owned());
                    }
                    let built = GlobBuilder::new(&one_byte_each(glob.into()))
                        .literal_separator(true)
                        .backslash_escape(true)
                        .build()
                        .map_err(|error| error.kind().to_string())?;
                    return Ok(Some(Self {
                        folder,
                        glob: glob.into(),
                        matcher: Arc::new(built.compile_matcher()),
                    }));
                }
                Some(component) => folder.push(component),
            }
        }
    }

    /// Whether a path below its folder looks like it, as [`one_byte_each`] has it.
    pub(crate) fn is_like(&self, path: &Candidate<'_>) -> bool {
        self.matcher.is_match_candidate(path)
    }

    /// How many folders deep it looks, where `most` holds for patterns that have no end of their own.
    pub(crate) fn depth(&self, most: Option<usize>) -> usize {
        // Elsewhere, two stars are no more than one; between braces that is hard to tell.
        let has_braces = self.glob.contains('{') && self.glob.contains("**");
        if has_braces || self.glob.split('/').any(|part| part == "**") {
            most.unwrap_or(usize::MAX)
        } else {
            self.glob.matches('/').count() + 1
        }
    }

    /// As it is shown.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(&*self.glob)
    }
}

impl ProfileRules {
    /// Whether the policy says all of it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What can't be read, in a workspace of these folders, but for what patterns say.
    pub(crate) fn denied<'a>(&'a self, roots: impl IntoIterator<Item = &'a Path>) -> Vec<PathBuf> {
        all(&self.deny_read, &self.deny_read_in_roots, roots)
    }

    /// The patterns of what can't be read, in a workspace of these folders.
    pub(crate) fn patterns<'a>(&'a self, roots: impl IntoIterator<Item = &'a Path>) -> Vec<DenyPattern> {
        let below = roots.into_iter().flat_map(|root| {
            self.deny_patterns_in_roots.iter().map(|pattern| DenyPattern {
                folder: below(root, &pattern.folder),
                ..pattern.clone()
            })
        });
        let mut all: Vec<_> = self.deny_patterns.iter().cloned().chain(below).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether there are patterns of what can't be read.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.deny_patterns.is_empty() || !self.deny_patterns_in_roots.is_empty()
    }

    /// What is to stay read-only, in a workspace of these folders.
    pub(crate) fn kept<'a>(&'a self, roots: impl IntoIterator<Item = &'a Path>) -> Vec<PathBuf> {
        all(&self.read_only, &self.read_only_in_roots, roots)
    }

    /// Further folders to write, in a workspace of these folders.
    pub(crate) fn named_writable<'a>(&'a self, roots: impl IntoIterator<Item = &'a Path>) -> Vec<PathBuf> {
        all(&self.writable, &self.writable_in_roots, roots)
    }

    /// The same without those that links lead out of the workspace: a project must not choose what may be written. Blocks
    /// as long as the file system does.
    pub(crate) fn writable<'a>(&'a self, roots: impl IntoIterator<Item = &'a Path>) -> Vec<PathBuf> {
        let mut folders = self.writable.clone();
        for root in roots {
            let real_root = root.canonicalize();
            let below = all(&[], &self.writable_in_roots, [root]).into_iter();
            folders.extend(below.filter(|folder| match (&real_root, folder.canonicalize()) {
                (Ok(root), Ok(real)) => real.starts_with(root),
                // It isn't there, and nothing can be written.
                _ => true,
            }));
        }
        folders
    }

    /// All that can be read beside what can be written and the folders of the system, in a workspace of these folders. `None`:
    /// everything can.
    pub(crate) fn readable<'a>(&'a self, roots: impl IntoIterator<Item = &'a Path>) -> Option<Vec<PathBuf>> {
        let only = self.readable.as_ref()?;
        Some(all(&only.paths, &only.in_roots, roots))
    }

    /// Only what can't be read.
    pub(crate) fn denials(&self) -> Self {
        Self {
            writable: Vec::new(),
            read_only: Vec::new(),
            writable_in_roots: Vec::new(),
            read_only_in_roots: Vec::new(),
            ..self.clone()
        }
    }
}

/// Places, and places of the same name in each root.
fn all<'a>(
    places: &[PathBuf],
    in_roots: &[PathBuf],
    roots: impl IntoIterator<Item = &'a Path>,
) -> Vec<PathBuf> {
    let mut all = places.to_vec();
    all.extend(
        roots
            .into_iter()
            .flat_map(|root| in_roots.iter().map(|path| below(root, path))),
    );
    let mut seen = BTreeSet::new();
    all.retain(|place| seen.insert(place.clone()));
    all
}

/// A text in which each character is one byte, as `?` stands for one: what is not ASCII becomes a control character. Names that
/// differ in such letters alone may look alike, and are hidden together.
pub(crate) fn one_byte_each(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() {
        return text;
    }
    let short = |c: char| match u8::try_from(u32::from(c) % 18) {
        Ok(rest) if !c.is_ascii() => char::from(0x0e + rest),
        _ => c,
    };
    text.chars().map(short).collect::<String>().into()
}

/// A place in a root. An empty path is the root itself, without a slash behind it.
fn below(root: &Path, path: &Path) -> PathBuf {
    root.components().chain(path.components()).collect()
}
