//! Tools that the user has allowed, for a while or for good.

use std::path::Path;

use serde_json::json;

use super::ThreadMcp;
use crate::config::{ConfigEdit, ConfigEdits, quoted_key, read_cached, write};
use crate::external_file::{READ_TIMEOUT, in_background};

impl ThreadMcp {
    /// Whether the user has allowed this tool for as long as the thread is loaded.
    pub(crate) fn is_allowed(&self, server: &str, tool: &str) -> bool {
        self.state()
            .allowed
            .contains(&(server.to_owned(), tool.to_owned()))
    }

    /// The user allows this tool for as long as the thread is loaded.
    pub(crate) fn allow(&self, server: &str, tool: &str) {
        self.state().allowed.insert((server.to_owned(), tool.to_owned()));
    }

    /// The user allows this tool for good. Until the file says so, it holds for the thread. The error says why it can't.
    pub(crate) async fn allow_always(&self, server: &str, tool: &str) -> Result<(), String> {
        self.allow(server, tool);
        let Some((origin, _)) = &self.place else {
            return Ok(());
        };
        let (file, name) = (origin.source.user_file(), server.to_owned());
        let is_own = in_background(READ_TIMEOUT, move || is_in_file(&file, &name)).await;
        if !is_own.is_ok_and(|is_own| is_own) {
            // Without `command` or `url`, the table would be one that can't be used.
            return Err(format!("the file has no server `{server}` of its own"));
        }
        let edit = ConfigEdit {
            key_path: format!(
                "mcp_servers.{}.tools.{}.approval_mode",
                quoted_key(server),
                quoted_key(tool)
            ),
            value: json!("approve"),
            upsert: true,
        };
        let edits = ConfigEdits {
            edits: vec![edit],
            ..ConfigEdits::default()
        };
        write(&origin.source, edits)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    }
}

/// Whether a config.toml itself says how this server is reached.
fn is_in_file(file: &Path, server: &str) -> bool {
    let Ok(Some(file)) = read_cached(file) else {
        return false;
    };
    let servers = file.table.get("mcp_servers");
    let server = servers.and_then(|servers| servers.get(server));
    server.is_some_and(|server| server.get("command").or_else(|| server.get("url")).is_some())
}
