//! The demo's files: a home and a working folder, gone when the demo is over.

use std::io;
use std::path::{Path, PathBuf};

/// A temporary folder; removed when dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("codex-demo-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path)?;
        let folder = Self { path };
        std::fs::create_dir(folder.codex_home())?;
        std::fs::create_dir(folder.work())?;
        Ok(folder)
    }

    /// HOME of the daemon.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// CODEX_HOME of the daemon.
    pub(super) fn codex_home(&self) -> PathBuf {
        self.path.join(".codex")
    }

    /// Where the daemon works.
    pub(super) fn work(&self) -> PathBuf {
        self.path.join("work")
    }

    /// What a file in the working folder says; nothing if it isn't there.
    pub(super) fn work_file(&self, name: &str) -> String {
        std::fs::read_to_string(self.work().join(name)).unwrap_or_default()
    }

    /// Where the daemon's log goes.
    pub(super) fn log_path(&self) -> PathBuf {
        self.path.join("daemon.log")
    }

    /// The daemon's log so far.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// A configuration that uses this model and asks before commands.
    pub(super) fn write_config(&self, base_url: &str) -> io::Result<()> {
        let text = format!(
            r#"model = "gpt-5.5"
model_provider = "mock"
approval_policy = "on-request"
sandbox_mode = "read-only"

[model_providers.mock]
name = "mock"
base_url = "{base_url}"
wire_api = "responses"
requires_openai_auth = false
supports_websockets = false
"#
        );
        std::fs::write(self.codex_home().join("config.toml"), text)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed is left to the system's cleaning of its temporary folder.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
