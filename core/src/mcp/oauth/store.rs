//! Where tokens are kept: `.credentials.json` of the home, or the keyring. Other programs read and write both.

use std::path::Path;

use serde_json::{Map, Value};

use super::{SignIn, StoredTokens};
use crate::auth::{replace_private_file, with_keyring_entry};
use crate::config::CredentialsStore;
use crate::external_file::{self, READ_TIMEOUT, in_background};

/// The name under which keyrings list them.
const SERVICE: &str = "Codex MCP Credentials";
/// The file of a home, and its largest size in bytes.
const FILE: &str = ".credentials.json";
const MAX_FILE: usize = 1 << 20;

/// The tokens of a server. What can't be read counts as none, so that the user can sign in again.
pub(super) async fn read(of: &SignIn) -> Option<StoredTokens> {
    let key = of.key();
    if matches!(of.store, CredentialsStore::Auto | CredentialsStore::Keyring) {
        let user = key.clone();
        let entry = with_keyring_entry(SERVICE, user, |entry| match entry.get_password() {
            Ok(text) => Ok(Some(text)),
            Err(keyring_core::Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        });
        if let Ok(Some(text)) = entry.await
            && let Ok(tokens) = serde_json::from_str(&text)
        {
            return Some(tokens);
        }
    }
    if of.store == CredentialsStore::Keyring {
        return None;
    }
    let path = of.home().join(FILE);
    let all = in_background(READ_TIMEOUT, move || read_file(&path)).await.ok()?;
    serde_json::from_value(all.ok()?.remove(&key)?).ok()
}

/// Keeps the tokens of a server.
pub(super) async fn write(of: &SignIn, tokens: &StoredTokens) -> Result<(), String> {
    let value = serde_json::to_value(tokens).map_err(|error| error.to_string())?;
    let key = of.key();
    if matches!(of.store, CredentialsStore::Auto | CredentialsStore::Keyring) {
        let (user, text) = (key.clone(), value.to_string());
        let written = with_keyring_entry(SERVICE, user, move |entry| entry.set_password(&text)).await;
        match written {
            Ok(()) => return Ok(()),
            Err(error) if of.store == CredentialsStore::Keyring => return Err(error),
            Err(_) => {}
        }
    }
    let path = of.home().join(FILE);
    let write = move || {
        // A file that can't be read is not written over: it holds what others have kept.
        let mut all = read_file(&path)?;
        all.insert(key, value);
        let text = Value::Object(all).to_string();
        replace_private_file(&path, text.as_bytes()).map_err(|error| format!("{FILE}: {error}"))
    };
    in_background(READ_TIMEOUT, write)
        .await
        .map_err(|error| error.to_string())?
}

fn read_file(path: &Path) -> Result<Map<String, Value>, String> {
    match external_file::read(path, MAX_FILE) {
        Ok(text) => serde_json::from_slice(external_file::without_bom(&text)).map_err(|error| {
            format!(
                "{FILE} is not valid at line {} column {}",
                error.line(),
                error.column()
            )
        }),
        Err(error) if error.is_missing() => Ok(Map::new()),
        Err(error) => Err(format!("{FILE}: {error}")),
    }
}
