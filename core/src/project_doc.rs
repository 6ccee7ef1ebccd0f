//! AGENTS.md: what users and projects tell every agent (docs/contract/context.md#project-documents).

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, TrustLevel, WorkingFolder, project_folders};
use crate::external_file::{
    FileError, READ_TIMEOUT, Start, decode_lossy, in_background, read_start, resolve_inside,
};

/// Most of a single file that is read whatever the configuration allows, in bytes.
const MAX_FILE: usize = 4 << 20;

/// The instructions that hold for a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProjectDoc {
    /// Files that they came from, outermost first.
    pub(crate) sources: Vec<PathBuf>,
    /// All of them, as the model is told; `None` if there are none.
    pub(crate) text: Option<String>,
    /// What was left out, for the user.
    pub(crate) warnings: Vec<String>,
}

impl ProjectDoc {
    /// Reads the instructions for a folder: the user's own, then those of the project from its root down to the
    /// folder. The user's own must lie in `CODEX_HOME`, those of a project inside of its root, wherever links lead: a
    /// folder that somebody else made must not show the model other files of the user. A handful of small files;
    /// takes some ten microseconds. Blocks; see [`crate::external_file`].
    /// `with_project`: without it, only the user's own.
    pub(crate) fn load(config: &Config, cwd: &Path, with_project: bool) -> Self {
        Self::load_in(config, &WorkingFolder::new(cwd), with_project)
    }

    /// As [`Self::load`].
    pub(crate) fn load_in(config: &Config, folder: &WorkingFolder, with_project: bool) -> Self {
        let cwd = folder.path;
        let mut doc = Self::default();
        let mut told = Told::default();
        let home = &config.codex_home;
        let names = ["AGENTS.override.md", "AGENTS.md"];
        let limits = Limits {
            root: home,
            max: MAX_FILE,
            blank_counts: false,
        };
        let global = doc.first_of(home, names, &limits, &mut told);
        let global = global.map(|(text, _)| text);
        let mut left = config.project_doc_max_bytes;
        let mut project = Vec::new();
        let folders = if with_project {
            folders(config, folder)
        } else {
            Vec::new()
        };
        let root = folders.first().copied().unwrap_or(cwd);
        for folder in folders {
            let fallbacks = config.project_doc_fallback_filenames.iter().map(String::as_str);
            let names = ["AGENTS.override.md", "AGENTS.md"].into_iter().chain(fallbacks);
            let limits = Limits {
                root,
                // With nothing left of the budget, what is there is only named.
                max: left,
                blank_counts: true,
            };
            let Some((text, size)) = doc.first_of(folder, names, &limits, &mut told) else {
                continue;
            };
            left = left.saturating_sub(size);
            project.push(text);
        }
        doc.text = compose(cwd, global.as_deref(), &project);
        doc
    }

    /// As [`Self::load`], on another thread and with a deadline.
    pub(crate) async fn read(config: &Arc<Config>, cwd: &Path, with_project: bool) -> Self {
        let (config, folder) = (Arc::clone(config), cwd.to_owned());
        in_background(READ_TIMEOUT, move || Self::load(&config, &folder, with_project))
            .await
            .unwrap_or_else(|error| Self::unread(cwd, &error))
    }

    /// What is known when the files can't be read at all.
    pub(crate) fn unread(cwd: &Path, error: &FileError) -> Self {
        let warning = format!(
            "Project instructions for {} were not read: {error}",
            cwd.display()
        );
        Self {
            warnings: vec![warning],
            ..Self::default()
        }
    }

    /// The first of these files in a folder, with its true size. A blank one says nothing.
    fn first_of<'a>(
        &mut self,
        folder: &Path,
        names: impl IntoIterator<Item = &'a str>,
        limits: &Limits<'_>,
        told: &mut Told,
    ) -> Option<(String, usize)> {
        for name in names {
            let path = folder.join(name);
            let (file, start) = match read(&path, limits.root, limits.max) {
                Ok(read) => read,
                Err(error) => {
                    if !error.is_missing() {
                        self.warnings.push(refusal(&path, &error));
                    }
                    continue;
                }
            };
            let text = decode_lossy(&start.bytes);
            if told.knows(file, text.trim()) {
                return None;
            }
            if start.is_cut {
                self.warnings.push(format!(
                    "{} is longer than the limit for project instructions allows: {} of its {} bytes are used. \
                     Shorten it, or raise project_doc_max_bytes.",
                    path.display(),
                    start.bytes.len(),
                    start.size
                ));
            }
            let text = text.trim();
            if text.is_empty() {
                if limits.blank_counts {
                    return None;
                }
                continue;
            }
            self.sources.push(path);
            let size = usize::try_from(start.size).unwrap_or(usize::MAX);
            return Some((text.to_owned(), size));
        }
        None
    }
}

/// The folders of a project from its root to `cwd`; only `cwd` if it is in none. None if the user has said that they don't trust it.
fn folders<'a>(config: &Config, folder: &WorkingFolder<'a>) -> Vec<&'a Path> {
    if config.project_doc_max_bytes == 0 || config.trust == Some(TrustLevel::Untrusted) {
        return Vec::new();
    }
    let root = folder.project_root(&config.project_root_markers);
    project_folders(root.unwrap_or(folder.path), folder.path)
}

/// What was read so far.
#[derive(Default)]
struct Told {
    /// Without links.
    files: HashSet<PathBuf>,
    /// By what is in them: a work tree inside of another has the same files again.
    texts: HashSet<String>,
}

impl Told {
    /// Whether this has been read before; from now on it has.
    fn knows(&mut self, file: PathBuf, text: &str) -> bool {
        let is_new = self.files.insert(file);
        let says_new = text.is_empty() || self.texts.insert(text.to_owned());
        !(is_new && says_new)
    }
}

/// What holds for the files of a folder.
struct Limits<'a> {
    /// They must lie inside of this.
    root: &'a Path,
    /// Most that is read of one, in bytes.
    max: usize,
    /// Whether a blank file stands for all of the folder, so that others there are not looked at.
    blank_counts: bool,
}

/// The beginning of a file, and where it is without links.
fn read(path: &Path, root: &Path, max: usize) -> Result<(PathBuf, Start), FileError> {
    // Most of these files are not there, which takes less to find out than where they lead.
    std::fs::symlink_metadata(path)?;
    let file = resolve_inside(path, root)?;
    let start = read_start(&file, max.min(MAX_FILE))?;
    Ok((file, start))
}

fn refusal(path: &Path, error: &FileError) -> String {
    let advice = match error {
        FileError::Outside { .. } => " Put the file itself, or a copy, in its place.",
        _ => "",
    };
    format!(
        "{} was not read as project instructions: {error}.{advice}",
        path.display()
    )
}

fn compose(cwd: &Path, global: Option<&str>, project: &[String]) -> Option<String> {
    let title = if project.is_empty() {
        "# AGENTS.md instructions".to_owned()
    } else {
        format!("# AGENTS.md instructions for {}", cwd.display())
    };
    let project = (!project.is_empty()).then(|| project.join("\n\n"));
    let body = match (global, project) {
        (None, None) => return None,
        (Some(global), None) => global.to_owned(),
        (None, Some(project)) => project,
        (Some(global), Some(project)) => format!("{global}\n\n--- project-doc ---\n\n{project}"),
    };
    Some(format!("{title}\n\n<INSTRUCTIONS>\n{body}\n</INSTRUCTIONS>"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigSource;

    struct Project {
        home: tempfile::TempDir,
        root: tempfile::TempDir,
    }

    impl Project {
        fn new() -> Self {
            let new = || tempfile::tempdir().expect("a temporary folder");
            let project = Self {
                home: new(),
                root: new(),
            };
            std::fs::create_dir_all(project.root.path().join("a/b")).expect("folders");
            project
        }

        fn write(&self, path: &str, text: &str) {
            std::fs::write(self.root.path().join(path), text).expect("a file");
        }

        fn load(&self, folder: &str, config_toml: &str) -> ProjectDoc {
            std::fs::write(self.home.path().join("config.toml"), config_toml).expect("a file");
            let source = ConfigSource {
                codex_home: self.home.path().to_owned(),
                overrides: Vec::new(),
                ..ConfigSource::default()
            };
            let cwd = self.root.path().join(folder);
            let config = Config::load(&source, &cwd, &[]).expect("a configuration");
            ProjectDoc::load(&config, &cwd, true)
        }
    }

    #[test]
    fn files_from_the_root_down_are_joined_and_overrides_win() {
        let project = Project::new();
        project.write(".git", "");
        project.write("AGENTS.md", "root\n");
        project.write("a/AGENTS.md", "never read");
        project.write("a/AGENTS.override.md", "override");
        project.write("a/b/AGENTS.override.md", " \n");
        project.write("a/b/AGENTS.md", "hidden by a blank override");
        std::fs::write(project.home.path().join("AGENTS.override.md"), "").expect("a file");
        std::fs::write(project.home.path().join("AGENTS.md"), "mine").expect("a file");
        let doc = project.load("a/b", "");
        let cwd = project.root.path().join("a/b");
        let text = format!(
            "# AGENTS.md instructions for {}\n\n<INSTRUCTIONS>\nmine\n\n--- project-doc ---\n\nroot\n\noverride\n\
             </INSTRUCTIONS>",
            cwd.display()
        );
        assert_eq!(doc.text.as_deref(), Some(text.as_str()));
        let names: Vec<_> = doc
            .sources
            .iter()
            .map(|path| path.file_name().expect("a name"))
            .collect();
        assert_eq!(names, ["AGENTS.md", "AGENTS.md", "AGENTS.override.md"]);
    }

    #[test]
    fn links_to_files_of_the_project_are_read_and_all_other_ones_are_refused_and_told() {
        use std::os::unix::fs::symlink;
        let project = Project::new();
        project.write(".git", "");
        project.write("real.md", "real");
        std::fs::write(project.home.path().join("secret"), "secret").expect("a file");
        let link = |target: &Path, name: &str| {
            let path = project.root.path().join(name);
            let _ = std::fs::remove_file(&path);
            symlink(target, path).expect("a link");
        };
        link(Path::new("../real.md"), "a/AGENTS.md");
        for target in [
            Path::new("/proc/self/environ"),
            &project.home.path().join("secret"),
            Path::new("/dev/zero"),
            Path::new("/sys/kernel/notes"),
        ] {
            link(target, "AGENTS.md");
            let doc = project.load("a", "");
            let text = doc.text.unwrap_or_default();
            assert!(text.contains("\nreal\n"), "{text}");
            assert!(!text.contains("secret") && !text.contains("PATH="), "{text}");
            assert_eq!(doc.warnings.len(), 1, "{:?}", doc.warnings);
            assert!(
                doc.warnings[0].contains("AGENTS.md was not read"),
                "{:?}",
                doc.warnings
            );
            assert_eq!(doc.sources.len(), 1);
        }
        let global = project.home.path().join("AGENTS.md");
        symlink("/etc/hostname", &global).expect("a link");
        assert!(project.load("a", "").warnings[0].contains("outside of"));
    }

    #[test]
    fn nothing_is_told_twice_whether_by_links_or_in_a_work_tree_inside_of_another() {
        use std::os::unix::fs::symlink;
        let project = Project::new();
        project.write(".git", "");
        project.write("AGENTS.md", "root");
        symlink("../AGENTS.md", project.root.path().join("a/AGENTS.md")).expect("a link");
        project.write("a/b/AGENTS.md", "root\n");
        let doc = project.load("a/b", "");
        assert_eq!(doc.text.unwrap_or_default().matches("root").count(), 1);
        assert_eq!(doc.sources.len(), 1);
        // The nearest work tree is the project.
        project.write("a/.git", "");
        project.write("a/b/AGENTS.md", "inner");
        let doc = project.load("a/b", "");
        let text = doc.text.unwrap_or_default();
        assert!(text.contains("inner") && !text.contains("root"), "{text}");
        assert_eq!(
            doc.warnings.len(),
            1,
            "the link leads out of the inner one: {:?}",
            doc.warnings
        );
        // Who works in the home has its instructions once.
        let home = project.home.path();
        std::fs::write(home.join("AGENTS.md"), "mine").expect("a file");
        let source = ConfigSource {
            codex_home: home.to_owned(),
            ..ConfigSource::default()
        };
        let config = Config::load(&source, home, &[]).expect("a configuration");
        let doc = ProjectDoc::load(&config, home, true);
        assert_eq!(doc.text.unwrap_or_default().matches("mine").count(), 1);
    }

    #[test]
    fn pipes_are_refused_and_byte_order_marks_are_dropped() {
        let project = Project::new();
        project.write(".git", "");
        let pipe = project.root.path().join("AGENTS.md");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.expect("runs").success());
        std::fs::write(project.root.path().join("a/AGENTS.md"), b"\xff\xfeh\0i\0").expect("a file");
        let doc = project.load("a", "");
        assert!(doc.warnings[0].contains("a pipe"), "{:?}", doc.warnings);
        assert!(doc.text.is_some_and(|text| text.contains("\nhi\n")));
    }

    #[test]
    fn a_git_folder_without_head_is_no_root() {
        let project = Project::new();
        std::fs::create_dir(project.root.path().join(".git")).expect("a folder");
        project.write("AGENTS.md", "above");
        assert_eq!(project.load("a", "").text, None);
        project.write(".git/HEAD", "ref: refs/heads/main");
        assert!(
            project
                .load("a", "")
                .text
                .is_some_and(|text| text.contains("above"))
        );
    }

    #[test]
    fn without_a_marker_only_the_folder_itself_counts() {
        let project = Project::new();
        project.write("AGENTS.md", "above");
        project.write("a/NOTES.md", "here");
        // Whatever may lie in the folders above the temporary one.
        let markers = "project_root_markers = [\"no such marker\"]\n";
        assert_eq!(project.load("a", markers).text, None);
        let doc = project.load(
            "a",
            &format!("{markers}project_doc_fallback_filenames = [\"NOTES.md\"]"),
        );
        assert!(
            doc.text
                .is_some_and(|text| text.contains("here") && !text.contains("above"))
        );
    }

    #[test]
    fn what_exceeds_the_budget_is_cut_and_told() {
        let project = Project::new();
        project.write(".git", "");
        project.write("AGENTS.md", "0123456789");
        project.write("a/AGENTS.md", "never");
        let doc = project.load("a", "project_doc_max_bytes = 4");
        assert!(
            doc.text
                .is_some_and(|text| text.contains("\n0123\n") && !text.contains("never"))
        );
        assert_eq!(doc.warnings.len(), 2);
        assert_eq!(
            project.load("a", "project_doc_max_bytes = 0"),
            ProjectDoc::default()
        );
    }

    #[test]
    fn only_the_users_own_instructions_name_no_folder() {
        let project = Project::new();
        std::fs::write(project.home.path().join("AGENTS.md"), "mine").expect("a file");
        let doc = project.load("", "");
        assert_eq!(
            doc.text.as_deref(),
            Some("# AGENTS.md instructions\n\n<INSTRUCTIONS>\nmine\n</INSTRUCTIONS>")
        );
    }
}
