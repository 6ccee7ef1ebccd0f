//! The keyring of the desktop (freedesktop Secret Service, over D-Bus). It is asked only when the configuration says
//! so, on a thread of its own, since it may wait for the user to unlock it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use keyring_core::{Entry, Error};
use sha2::{Digest as _, Sha256};

use super::stored::StoredAuth;
use crate::sys::keyring_store;

/// The name under which keyrings list the entry; the reference uses the same.
const SERVICE: &str = "Codex Auth";

/// Reads the entry of a home; `None`: there is none.
pub(crate) async fn read(codex_home: &Path) -> Result<Option<StoredAuth>, String> {
    let text = on_own_thread(codex_home, |entry| match entry.get_password() {
        Ok(text) => Ok(Some(text)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    })
    .await?;
    text.map(|text| {
        StoredAuth::parse(text.as_bytes()).map_err(|_| "the keyring's entry is not valid JSON".to_owned())
    })
    .transpose()
}

/// Writes the entry of a home.
pub(crate) async fn write(codex_home: &Path, stored: &StoredAuth) -> Result<(), String> {
    let text = stored.to_text();
    on_own_thread(codex_home, move |entry| entry.set_password(&text)).await
}

/// Deletes the entry of a home, if there is one.
pub(crate) async fn delete(codex_home: &Path) -> Result<(), String> {
    on_own_thread(codex_home, |entry| match entry.delete_credential() {
        Err(Error::NoEntry) => Ok(()),
        other => other,
    })
    .await
}

async fn on_own_thread<T: Send + 'static>(
    codex_home: &Path,
    work: impl FnOnce(Entry) -> Result<T, Error> + Send + 'static,
) -> Result<T, String> {
    let home = codex_home.to_owned();
    on_entry(SERVICE, move || user(home), work).await
}

/// Works on an entry of another service.
pub(crate) async fn with_entry<T: Send + 'static>(
    service: &'static str,
    user: String,
    work: impl FnOnce(Entry) -> Result<T, Error> + Send + 'static,
) -> Result<T, String> {
    on_entry(service, move || user, work).await
}

async fn on_entry<T: Send + 'static>(
    service: &'static str,
    user: impl FnOnce() -> String + Send + 'static,
    work: impl FnOnce(Entry) -> Result<T, Error> + Send + 'static,
) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(move || {
        connect()?;
        let entry = Entry::new(service, &user()).map_err(|error| error.to_string())?;
        work(entry).map_err(|error| error.to_string())
    });
    done.await
        .map_err(|_| "the keyring could not be asked".to_owned())?
}

/// Opens the connection on first use. A failure is tried again: the user may start a keyring meanwhile.
fn connect() -> Result<(), String> {
    // The store is global to the process in keyring-core; two threads must not set it at once.
    static CONNECTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = CONNECTING
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if keyring_core::get_default_store().is_none() {
        keyring_core::set_default_store(keyring_store()?);
    }
    Ok(())
}

/// The entry's user: one per home.
fn user(home: PathBuf) -> String {
    let canonical = home.canonicalize().unwrap_or(home);
    let digest = Sha256::digest(canonical.as_os_str().as_encoded_bytes());
    let head = digest
        .iter()
        .take(8)
        .fold(0_u64, |head, byte| head << 8 | u64::from(*byte));
    format!("cli|{head:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_home_has_an_entry_of_its_own() {
        let user = user(PathBuf::from("/no/such/home"));
        let digest = user.strip_prefix("cli|").unwrap();
        assert!(
            digest.len() == 16 && digest.chars().all(|c| c.is_ascii_hexdigit()),
            "{user}"
        );
        assert_ne!(user, super::user(PathBuf::from("/no/such/other")));
    }
}
