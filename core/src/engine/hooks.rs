//! Which hooks there are.

use std::path::PathBuf;

use super::{Engine, ThreadHandle};
use crate::HookList;
use crate::external_file::{READ_TIMEOUT, in_background};
use crate::hooks::HookCatalog;

impl Engine {
    /// The hooks of a folder, as its next thread would have them.
    pub async fn hooks_in(&self, cwd: PathBuf) -> HookList {
        let source = self.options.config.clone();
        let reading = in_background(READ_TIMEOUT, move || {
            let cwd = std::path::absolute(&cwd).unwrap_or(cwd);
            HookCatalog::load(&source, &cwd, &[]).list()
        });
        reading.await.unwrap_or_else(|error| HookList {
            errors: vec![error.to_string()],
            ..HookList::default()
        })
    }
}

impl ThreadHandle {
    /// The thread's hooks, as its next turn will have them, and the folder that they are of.
    pub async fn hooks(&self) -> (PathBuf, HookList) {
        let cwd = self.hooks.folder();
        self.hooks.refresh(&cwd).await;
        (cwd, self.hooks.list())
    }
}
