//! What large roots hold, written down for the next process: to see that thousands of files are as they were takes a
//! quarter of the time that it takes to read them. Derived, and never believed over what the files' stamps say.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::listing::RootListing;
use super::roots::SkillRoot;
use super::seen::{Seen, SeenFile, SeenFolder};
use super::visit::{Place, SKILL};
use super::walk::{self, Searched};
use super::{Skill, SkillInterface, SkillProblem, SkillTool};
use crate::derived_file;
use crate::external_file;
use crate::file_stamp::FileStamp;
use crate::hex::hex;
use crate::sys::files;
use crate::sys::readable_folder::ReadableFolder;

/// To be counted up whenever skills are read in another way.
const FORMAT: u32 = 1;
/// Folders of a root from which on it is worth a file.
const MIN_FOLDERS: usize = 256;
/// Largest file, in bytes.
const MAX_BYTES: usize = 16 << 20;
/// Files at most; the oldest go.
const MAX_FILES: usize = 16;
/// What was changed more recently may be changed again without another stamp: some file systems count time in steps of
/// two seconds.
const TIME_STEP: Duration = Duration::from_secs(3);

/// The files in a home.
#[derive(Debug)]
pub(super) struct SkillIndex {
    folder: PathBuf,
}

/// One file. Paths are text; those of folders and skills are relative to the root. A root with others is not kept.
#[derive(Serialize, Deserialize)]
struct IndexFile {
    format: u32,
    /// Release that wrote it.
    program: String,
    root: KeptRoot,
    folders: Vec<KeptFolder>,
    skills: Vec<KeptSkill>,
    problems: Vec<KeptProblem>,
}

/// What decides what is found in a root.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptRoot {
    root: String,
    /// The same without links.
    path: String,
    boundary: Option<String>,
    prefix: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct KeptFolder(String, FileStamp, Option<SeenFile>);

#[derive(Serialize, Deserialize)]
struct KeptSkill {
    folder: String,
    name: String,
    description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    short_description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interface: Option<Box<SkillInterface>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tools: Vec<SkillTool>,
    allow_implicit_invocation: bool,
}

#[derive(Serialize, Deserialize)]
struct KeptProblem(String, String);

impl SkillIndex {
    /// That of a home. Opens nothing.
    pub(super) fn new(codex_home: &Path) -> Self {
        Self {
            folder: codex_home.join("app-server-skills"),
        }
    }

    fn file_of(&self, root: &SkillRoot) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(root.path.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update(root.prefix.as_deref().unwrap_or_default());
        let name = hex(&hash.finalize()[..16]);
        self.folder.join(format!("{name}.json"))
    }

    /// What is known of a root, if all of it is as it was. Blocks.
    pub(super) fn load(&self, root: &SkillRoot) -> Option<Searched> {
        let place = &walk::locate(root).ok()??;
        let text = external_file::read(&self.file_of(root), MAX_BYTES).ok()?;
        let file: IndexFile = serde_json::from_slice(&text).ok()?;
        if file.format != FORMAT
            || file.program != env!("CARGO_PKG_VERSION")
            || Some(file.root) != KeptRoot::of(root, place)
        {
            return None;
        }
        let folders = file
            .folders
            .into_iter()
            .map(|KeptFolder(path, stamp, file)| SeenFolder {
                path: path.into(),
                stamp: Some(stamp),
                file,
            });
        let seen = Seen {
            folders: folders.collect(),
            ..Seen::of(&place.path)
        };
        if !seen.is_current() {
            return None;
        }
        let skills = file
            .skills
            .into_iter()
            .map(|skill| Arc::new(skill.in_root(root, place)));
        let problems = file
            .problems
            .into_iter()
            .map(|KeptProblem(path, message)| SkillProblem {
                path: path.into(),
                message,
            });
        let listing = RootListing {
            skills: skills.collect(),
            problems: problems.collect(),
        };
        Some(Searched { listing, seen })
    }

    /// Keeps what was found in a root that is large, by a search that began then; unless something can't be relied
    /// upon. Blocks.
    pub(super) fn store(
        &self,
        root: &SkillRoot,
        listing: &RootListing,
        seen: &Seen,
        began: SystemTime,
    ) -> io::Result<()> {
        if seen.folders.len() < MIN_FOLDERS || seen.has_gaps || seen.has_young(began, TIME_STEP) {
            return Ok(());
        }
        let Ok(Some(place)) = walk::locate(root) else {
            return Ok(());
        };
        // Stamps of other file systems may be those of a while ago.
        if !ReadableFolder::open(&place.path)?.is_local() {
            return Ok(());
        }
        let Some(file) = IndexFile::of(root, &place, listing, seen) else {
            return Ok(());
        };
        let text = serde_json::to_vec(&file)?;
        if text.len() > MAX_BYTES {
            return Ok(());
        }
        files::owner_only_folders().recursive(true).create(&self.folder)?;
        derived_file::replace(&self.file_of(root), &text)?;
        self.remove_oldest()
    }

    /// Keeps the number of files within its bound.
    fn remove_oldest(&self) -> io::Result<()> {
        let mut kept = Vec::new();
        for entry in std::fs::read_dir(&self.folder)?.flatten() {
            kept.push((entry.metadata()?.modified()?, entry.path()));
        }
        kept.sort_unstable();
        let too_many = kept.len().saturating_sub(MAX_FILES);
        kept.iter()
            .take(too_many)
            .try_for_each(|(_, path)| std::fs::remove_file(path))
    }
}

impl IndexFile {
    /// `None`: something is no text.
    fn of(root: &SkillRoot, place: &Place<'_>, listing: &RootListing, seen: &Seen) -> Option<Self> {
        let below = |path: &Path| Some(path.strip_prefix(&place.path).ok()?.to_str()?.to_owned());
        let folder = |seen: &SeenFolder| {
            let path = seen.path.to_str()?.to_owned();
            Some(KeptFolder(path, seen.stamp?, seen.file))
        };
        let skill = |skill: &Arc<Skill>| {
            Some(KeptSkill {
                folder: below(skill.path.parent()?)?,
                name: skill.name.clone(),
                description: skill.description.clone(),
                short_description: skill.short_description.clone(),
                interface: skill.interface.clone(),
                tools: skill.tools.clone(),
                allow_implicit_invocation: skill.allow_implicit_invocation,
            })
        };
        let problem = |problem: &SkillProblem| {
            Some(KeptProblem(
                problem.path.to_str()?.to_owned(),
                problem.message.clone(),
            ))
        };
        Some(Self {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            root: KeptRoot::of(root, place)?,
            folders: seen.folders.iter().map(folder).collect::<Option<_>>()?,
            skills: listing.skills.iter().map(skill).collect::<Option<_>>()?,
            problems: listing.problems.iter().map(problem).collect::<Option<_>>()?,
        })
    }
}

impl KeptRoot {
    /// `None`: something is no text.
    fn of(root: &SkillRoot, place: &Place<'_>) -> Option<Self> {
        let text = |path: &Path| path.to_str().map(str::to_owned);
        Some(Self {
            root: text(&root.path)?,
            path: text(&place.path)?,
            boundary: match &place.boundary {
                Some(boundary) => Some(text(boundary)?),
                None => None,
            },
            prefix: root.prefix.clone(),
        })
    }
}

impl KeptSkill {
    fn in_root(self, root: &SkillRoot, place: &Place<'_>) -> Skill {
        Skill {
            name: self.name,
            description: self.description,
            short_description: self.short_description,
            interface: self.interface,
            tools: self.tools,
            path: join(&place.path, &self.folder).join(SKILL),
            found: join(&root.path, &self.folder).join(SKILL),
            scope: root.scope,
            plugin_id: root.plugin_id.clone(),
            allow_implicit_invocation: self.allow_implicit_invocation,
        }
    }
}

/// A folder of a root. That of the root itself has no name.
fn join(root: &Path, folder: &str) -> PathBuf {
    match folder {
        "" => root.to_owned(),
        folder => root.join(folder),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::super::SkillScope;
    use super::*;

    struct Kept {
        dir: tempfile::TempDir,
        index: SkillIndex,
        root: SkillRoot,
    }

    impl Kept {
        /// A home, and a root with skills.
        fn new(skills: usize) -> Self {
            let dir = tempfile::tempdir().expect("a folder");
            let top = dir.path().join("root");
            let kept = Self {
                index: SkillIndex::new(&dir.path().join("home")),
                root: SkillRoot {
                    path: top,
                    scope: SkillScope::User,
                    boundary: None,
                    prefix: Some("p".to_owned()),
                    plugin_id: Some("p@m".to_owned()),
                },
                dir,
            };
            (0..skills).for_each(|n| kept.write(&format!("{n:03}/SKILL.md"), "---\ndescription: d\n---\n"));
            kept.write("000/agents/openai.yaml", "interface: {display_name: A}");
            kept.write("bad/SKILL.md", "no front matter");
            kept.write("SKILL.md", "---\nname: top\ndescription: d\n---\n");
            kept
        }

        fn write(&self, path: &str, text: &str) {
            let path = self.root.path.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            std::fs::write(path, text).expect("a file");
        }

        /// Searches, and keeps that as if the files were old.
        fn store(&self) -> RootListing {
            self.store_at(SystemTime::now() + Duration::from_secs(60))
        }

        fn store_at(&self, began: SystemTime) -> RootListing {
            let Searched { listing, seen } = walk::search(&self.root);
            self.index
                .store(&self.root, &listing, &seen, began)
                .expect("stored");
            listing
        }

        fn load(&self) -> Option<RootListing> {
            self.index.load(&self.root).map(|found| found.listing)
        }
    }

    #[test]
    fn what_is_as_it_was_is_found_without_reading_it() {
        let kept = Kept::new(MIN_FOLDERS);
        assert!(kept.load().is_none());
        let stored = kept.store();
        assert_eq!((stored.skills.len(), stored.problems.len()), (MIN_FOLDERS + 1, 1));
        assert_eq!(kept.load(), Some(stored));
        let file = kept.index.file_of(&kept.root);
        assert_eq!(file.metadata().expect("is there").mode() & 0o7777, 0o600);

        let changes: [&dyn Fn(); 7] = [
            &|| kept.write("007/SKILL.md", "---\ndescription: e\n---\n"),
            &|| kept.write("007/more", ""),
            &|| kept.write("000/agents/openai.yaml", "interface: {display_name: B}"),
            &|| kept.write("bad/SKILL.md", "---\ndescription: e\n---\n"),
            &|| kept.write("new/SKILL.md", "---\ndescription: e\n---\n"),
            &|| std::fs::remove_dir_all(kept.root.path.join("new")).expect("removed"),
            &|| kept.write("SKILL.md", "---\nname: top\ndescription: e\n---\n"),
        ];
        for change in changes {
            change();
            assert!(kept.load().is_none());
            let stored = kept.store();
            assert_eq!(kept.load(), Some(stored));
        }
        let other = SkillRoot {
            boundary: Some(kept.dir.path().to_owned()),
            ..kept.root.clone()
        };
        assert!(kept.index.load(&other).is_none(), "other links would count there");
        std::fs::write(&file, "{").expect("written");
        assert!(kept.load().is_none());
    }

    #[test]
    fn only_what_can_be_relied_upon_is_kept_and_not_without_end() {
        let small = Kept::new(10);
        small.store();
        assert!(small.load().is_none());
        let kept = Kept::new(MIN_FOLDERS);
        kept.store_at(SystemTime::now());
        assert!(kept.load().is_none(), "files may change again unnoticed");
        symlink(small.root.path.join("001"), kept.root.path.join("link")).expect("a link");
        kept.store();
        assert!(kept.load().is_none(), "links may be changed anywhere");
        std::fs::remove_file(kept.root.path.join("link")).expect("removed");
        kept.store();
        for n in 0..2 * MAX_FILES {
            std::fs::write(kept.index.folder.join(n.to_string()), "").expect("a file");
        }
        kept.store();
        let left = std::fs::read_dir(&kept.index.folder).expect("a folder").count();
        assert_eq!(left, MAX_FILES);
        assert!(kept.load().is_some());
    }
}
