//! The machine that commands run on, as clients see it.

use url::Url;

use super::user_shell;

/// The machine that commands run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMachine {
    /// Path of the user's shell.
    pub shell: String,
    /// The daemon's folder as a `file:` URI; `None` if it is gone.
    pub folder: Option<String>,
}

impl LocalMachine {
    /// As it is now.
    pub fn now() -> Self {
        let folder = std::env::current_dir().ok();
        Self {
            shell: user_shell(),
            folder: folder.and_then(|folder| Some(Url::from_file_path(folder).ok()?.to_string())),
        }
    }
}
