//! AGENTS.md: what users and projects tell every agent (threads-and-turns section 8.3).

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::config::Config;

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
    /// folder. A handful of small files; takes some ten microseconds.
    pub(crate) fn load(config: &Config, cwd: &Path) -> Self {
        let mut doc = Self::default();
        let global = doc.first_of(
            &config.codex_home,
            ["AGENTS.override.md", "AGENTS.md"],
            usize::MAX,
        );
        let global = global.map(|(text, _)| text);
        let mut left = config.project_doc_max_bytes;
        let mut project = Vec::new();
        for folder in folders(config, cwd) {
            let fallbacks = config.project_doc_fallback_filenames.iter().map(String::as_str);
            let names = ["AGENTS.override.md", "AGENTS.md"].into_iter().chain(fallbacks);
            // With nothing left of the budget, what is there is only named.
            let Some((text, size)) = doc.first_of(folder, names, left) else {
                continue;
            };
            left = left.saturating_sub(size);
            project.push(text);
        }
        doc.text = compose(cwd, global.as_deref(), &project);
        doc
    }

    /// The first of these files in a folder that isn't blank, up to `max` bytes of it, with its true size.
    fn first_of<'a>(
        &mut self,
        folder: &Path,
        names: impl IntoIterator<Item = &'a str>,
        max: usize,
    ) -> Option<(String, usize)> {
        for name in names {
            let path = folder.join(name);
            let Some((bytes, size)) = read(&path, max) else {
                continue;
            };
            let text = String::from_utf8_lossy(&bytes);
            if size > bytes.len() {
                self.warnings.push(format!(
                    "{} is longer than the limit for project instructions allows: {} of its {size} bytes are used. \
                     Shorten it, or raise project_doc_max_bytes.",
                    path.display(),
                    bytes.len()
                ));
            }
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            self.sources.push(path);
            return Some((text.to_owned(), size));
        }
        None
    }
}

/// The folders of a project from its root to `cwd`; only `cwd` if it is in none.
fn folders<'a>(config: &Config, cwd: &'a Path) -> Vec<&'a Path> {
    if config.project_doc_max_bytes == 0 {
        return Vec::new();
    }
    let is_root = |folder: &Path| {
        config
            .project_root_markers
            .iter()
            .any(|marker| folder.join(marker).exists())
    };
    let depth = cwd.ancestors().position(is_root).unwrap_or(0);
    let mut folders: Vec<_> = cwd.ancestors().take(depth + 1).collect();
    folders.reverse();
    folders
}

/// Up to `max` bytes of a file, and how many it has.
fn read(path: &Path, max: usize) -> Option<(Vec<u8>, usize)> {
    let file = std::fs::File::open(path).ok()?;
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    file.take(u64::try_from(max).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)
        .ok()?;
    Some((bytes, usize::try_from(metadata.len()).unwrap_or(usize::MAX)))
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
            ProjectDoc::load(&config, &cwd)
        }
    }

    #[test]
    fn files_from_the_root_down_are_joined_and_overrides_win() {
        let project = Project::new();
        project.write(".git", "");
        project.write("AGENTS.md", "root\n");
        project.write("a/AGENTS.md", "never read");
        project.write("a/AGENTS.override.md", "override");
        project.write("a/b/AGENTS.md", " \n");
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
    fn without_a_marker_only_the_folder_itself_counts() {
        let project = Project::new();
        project.write("AGENTS.md", "above");
        project.write("a/NOTES.md", "here");
        assert_eq!(project.load("a", "").text, None);
        let doc = project.load("a", "project_doc_fallback_filenames = [\"NOTES.md\"]");
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
