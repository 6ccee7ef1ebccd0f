//! Where credentials are kept: a file, the keyring, or memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::stored::StoredAuth;
use super::{keyring, temporary};
use crate::config::CredentialsStore;
use crate::external_file::{self, READ_TIMEOUT, in_background};

/// Largest auth.json, in bytes.
const MAX_FILE: usize = 1 << 20;

/// The stores of one home.
#[derive(Debug)]
pub(crate) struct Storage {
    codex_home: PathBuf,
    /// The ephemeral store. A lock, since it is read and written by whoever asks; held for a copy only.
    memory: Mutex<Option<StoredAuth>>,
    /// Whether what crashed processes left beside the file was looked for.
    swept: AtomicBool,
}

impl Storage {
    pub(crate) fn new(codex_home: PathBuf) -> Self {
        Self {
            codex_home,
            memory: Mutex::default(),
            swept: AtomicBool::new(false),
        }
    }

    /// Reads the credentials. Trouble with a store is logged and counts as "nobody is signed in", so that one broken
    /// file does not keep the user from signing in again.
    pub(crate) async fn load(&self, store: CredentialsStore) -> Option<StoredAuth> {
        let read = match store {
            CredentialsStore::Ephemeral => Ok(self.memory().clone()),
            CredentialsStore::File => self.read_file().await,
            CredentialsStore::Keyring => keyring::read(&self.codex_home).await,
            CredentialsStore::Auto => match keyring::read(&self.codex_home).await {
                Ok(Some(stored)) => Ok(Some(stored)),
                Ok(None) | Err(_) => self.read_file().await,
            },
        };
        read.unwrap_or_else(|error| {
            tracing::warn!("stored credentials cannot be read: {error}");
            None
        })
    }

    /// Writes the credentials.
    pub(crate) async fn save(&self, store: CredentialsStore, stored: &StoredAuth) -> Result<(), String> {
        match store {
            CredentialsStore::Ephemeral => {
                *self.memory() = Some(stored.clone());
                Ok(())
            }
            CredentialsStore::File => self.write_file(stored),
            CredentialsStore::Keyring => self.write_keyring(stored).await,
            CredentialsStore::Auto => match self.write_keyring(stored).await {
                Ok(()) => Ok(()),
                Err(error) => {
                    tracing::warn!("no keyring, credentials go to auth.json: {error}");
                    self.write_file(stored)
                }
            },
        }
    }

    /// Deletes the credentials from every store that is in use.
    pub(crate) async fn delete(&self, store: CredentialsStore) -> Result<(), String> {
        *self.memory() = None;
        temporary::sweep(&self.path());
        remove_if_there(&self.path()).map_err(|error| format!("failed to delete auth.json: {error}"))?;
        match store {
            CredentialsStore::Keyring | CredentialsStore::Auto => keyring::delete(&self.codex_home)
                .await
                .map_err(|error| format!("failed to delete auth from keyring: {error}")),
            CredentialsStore::File | CredentialsStore::Ephemeral => Ok(()),
        }
    }

    fn path(&self) -> PathBuf {
        self.codex_home.join("auth.json")
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Option<StoredAuth>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read_file(&self) -> Result<Option<StoredAuth>, String> {
        let path = self.path();
        let sweep = !self.swept.swap(true, Ordering::Relaxed);
        let read = move || {
            let content = external_file::read(&path, MAX_FILE);
            if sweep {
                temporary::sweep(&path);
            }
            content
        };
        match in_background(READ_TIMEOUT, read).await.flatten() {
            // serde_json quotes no input in its errors but for strings of a wrong type; say only where it is.
            Ok(text) => StoredAuth::parse(external_file::without_bom(&text))
                .map(Some)
                .map_err(|error| {
                    format!(
                        "auth.json is not valid at line {} column {}",
                        error.line(),
                        error.column()
                    )
                }),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(format!("auth.json: {error}")),
        }
    }

    fn write_file(&self, stored: &StoredAuth) -> Result<(), String> {
        temporary::replace(&self.path(), stored.to_text().as_bytes())
            .map_err(|error| format!("failed to write auth.json: {error}"))
    }

    /// What the keyring holds must not lie in a file beside it.
    async fn write_keyring(&self, stored: &StoredAuth) -> Result<(), String> {
        keyring::write(&self.codex_home, stored)
            .await
            .map_err(|error| format!("failed to write OAuth tokens to keyring: {error}"))?;
        remove_if_there(&self.path()).map_err(|error| format!("failed to delete auth.json: {error}"))
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_file_is_private_and_leaves_nothing_beside_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let storage = Storage::new(home.path().to_owned());
        let stored = StoredAuth::api_key_login("k");
        storage.save(CredentialsStore::File, &stored).await.unwrap();
        storage.save(CredentialsStore::File, &stored).await.unwrap();
        let names: Vec<_> = fs::read_dir(home.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["auth.json"]);
        let mode = fs::metadata(home.path().join("auth.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(storage.load(CredentialsStore::File).await, Some(stored));
    }

    #[tokio::test]
    async fn the_ephemeral_store_touches_no_file() {
        let home = tempfile::tempdir().unwrap();
        let storage = Storage::new(home.path().to_owned());
        let stored = StoredAuth::api_key_login("k");
        storage.save(CredentialsStore::Ephemeral, &stored).await.unwrap();
        assert_eq!(storage.load(CredentialsStore::Ephemeral).await, Some(stored));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        storage.delete(CredentialsStore::Ephemeral).await.unwrap();
        assert_eq!(storage.load(CredentialsStore::Ephemeral).await, None);
    }

    #[tokio::test]
    async fn a_broken_file_signs_nobody_in() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("auth.json"), "{").unwrap();
        assert_eq!(
            Storage::new(home.path().to_owned())
                .load(CredentialsStore::File)
                .await,
            None
        );
    }

    #[tokio::test]
    async fn what_the_keyring_holds_lies_in_no_file() {
        keyring_core::set_default_store(keyring_core::mock::Store::new().unwrap());
        let home = tempfile::tempdir().unwrap();
        let storage = Storage::new(home.path().to_owned());
        let (key, other) = (StoredAuth::api_key_login("k"), StoredAuth::api_key_login("other"));
        storage.save(CredentialsStore::File, &key).await.unwrap();
        for store in [CredentialsStore::Keyring, CredentialsStore::Auto] {
            assert_eq!(storage.load(CredentialsStore::Keyring).await, None);
            storage.save(store, &other).await.unwrap();
            assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
            assert_eq!(storage.load(store).await, Some(other.clone()));
            storage.delete(store).await.unwrap();
            storage.delete(store).await.unwrap();
        }
        storage.save(CredentialsStore::File, &key).await.unwrap();
        assert_eq!(
            storage.load(CredentialsStore::Auto).await,
            Some(key),
            "the file, for want of an entry"
        );
    }
}
