//! Where the other agent keeps things, and where they go.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use toml_edit::DocumentMut;

use crate::config::{ConfigWriteError, edit_file, project_root};
use crate::external_file::read_text;

/// Largest file of settings, in bytes.
const MAX_SETTINGS: usize = 1 << 20;

/// The user's home, or a project.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `None` for the user's home.
    pub(super) cwd: Option<PathBuf>,
    /// The folder that holds everything.
    pub(super) root: PathBuf,
    /// Folder of the other agent.
    pub(super) claude: PathBuf,
    /// The user's file of the other agent, which has MCP servers of projects, too.
    pub(super) claude_json: PathBuf,
    /// Our folder.
    pub(super) codex: PathBuf,
    /// Our home, whose lock is held while configuration is changed.
    pub(super) codex_home: PathBuf,
    /// Folder for skills.
    pub(super) skills: PathBuf,
    /// `AGENTS.md`.
    pub(super) instructions: PathBuf,
}

impl Place {
    /// The user's home, if there is one.
    pub(super) fn home(codex_home: &Path) -> Option<Self> {
        let home = std::env::home_dir().filter(|home| home.is_absolute())?;
        Some(Self {
            cwd: None,
            claude: home.join(".claude"),
            claude_json: home.join(".claude.json"),
            codex: codex_home.to_owned(),
            codex_home: codex_home.to_owned(),
            skills: home.join(".agents/skills"),
            instructions: codex_home.join("AGENTS.md"),
            root: home,
        })
    }

    /// The project around a folder: its repository, else the folder itself. `None` if that is the user's home.
    pub(super) fn project(codex_home: &Path, cwd: &Path) -> Option<Self> {
        let root = project_root(cwd, &[".git".to_owned()]).unwrap_or(cwd).to_owned();
        let home = Self::home(codex_home)?;
        if root == home.root {
            return None;
        }
        Some(Self {
            cwd: Some(root.clone()),
            claude: root.join(".claude"),
            codex: root.join(".codex"),
            skills: root.join(".agents/skills"),
            instructions: root.join("AGENTS.md"),
            root,
            ..home
        })
    }

    /// That what is written into a project lands in it: its folders may be links that somebody else has made.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.cwd.is_none() {
            return Ok(());
        }
        let root = self.root.canonicalize()?;
        for folder in [self.codex.as_path(), &self.skills, &self.instructions] {
            let found = folder
                .ancestors()
                .find(|folder| folder.symlink_metadata().is_ok());
            let real = found.unwrap_or(&root).canonicalize()?;
            if !real.starts_with(&root) {
                return Err(io::Error::other(format!(
                    "{} leads to {}, which is outside of the project",
                    folder.display(),
                    real.display()
                )));
            }
        }
        Ok(())
    }

    /// Changes our `config.toml`, which need not exist.
    pub(super) fn edit_config(
        &self,
        change: &dyn Fn(&mut DocumentMut) -> Result<(), String>,
    ) -> Result<(), ConfigWriteError> {
        let path = self.codex.join("config.toml");
        std::fs::create_dir_all(&self.codex).map_err(|error| ConfigWriteError::File {
            path: path.clone(),
            message: error.to_string(),
        })?;
        edit_file(&self.codex_home, &path, change)
    }

    /// The file of settings that is named to users.
    pub(super) fn settings(&self) -> PathBuf {
        self.claude.join("settings.json")
    }

    /// What both files of settings say; the local one counts more.
    pub(super) fn all_settings(&self) -> Vec<Map<String, Value>> {
        [self.settings(), self.claude.join("settings.local.json")]
            .iter()
            .filter_map(|path| json_table(path, MAX_SETTINGS))
            .collect()
    }
}

/// A file with a JSON object; `None` if it is missing or something else.
pub(super) fn json_table(path: &Path, max: usize) -> Option<Map<String, Value>> {
    let text = read_text(path, max);
    if let Err(error) = &text
        && !error.is_missing()
    {
        tracing::debug!(path = %path.display(), %error, "not read");
    }
    match serde_json::from_str(&text.ok()?) {
        Ok(Value::Object(table)) => Some(table),
        _ => None,
    }
}
