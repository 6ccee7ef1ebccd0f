//! Copies of installed plugins: `<home>/plugins/cache/<marketplace>/<plugin>/<version>`.
//!
//! A copy is complete before it gets its name; what it replaces goes behind that.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::parts::{MAX_BYTES, entries};
use super::plugin_id::{PluginId, check_version};
use crate::sys::files;

/// Where copies are made, and go before they are removed.
const STAGING: &str = "plugins/.staging";

/// The folder of all versions of a plugin.
fn folder(codex_home: &Path, id: &PluginId) -> PathBuf {
    codex_home
        .join("plugins/cache")
        .join(&id.marketplace)
        .join(&id.plugin)
}

/// A folder that nobody else has. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Staging(PathBuf);

impl Staging {
    /// Makes one. Blocks as long as the file system does, as all that follows.
    pub(super) fn new(codex_home: &Path) -> io::Result<Self> {
        let path = codex_home.join(STAGING).join(Uuid::now_v7().to_string());
        files::owner_only_folders().recursive(true).create(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(%error, "a folder stays behind");
        }
    }
}

/// The copy of a plugin, if there is one.
pub(super) fn installed(codex_home: &Path, id: &PluginId) -> Option<PathBuf> {
    let folder = folder(codex_home, id);
    let versions = fs::read_dir(&folder).ok()?.take(64).flatten();
    let names = versions
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| check_version(name).is_ok());
    // There is one, unless somebody was stopped in the middle.
    let newest = names.max_by_key(|name| {
        let numbers = name.split(|c: char| !c.is_ascii_digit());
        let numbers: Vec<u64> = numbers.filter_map(|number| number.parse().ok()).collect();
        (numbers, name.clone())
    })?;
    Some(folder.join(newest))
}

/// Copies a plugin's files, in place of all of its versions so far. Links are left out.
pub(super) fn install(codex_home: &Path, id: &PluginId, version: &str, from: &Path) -> io::Result<PathBuf> {
    let staging = Staging::new(codex_home)?;
    let copy = staging.path().join("new");
    files::create_owner_only_folder(&copy)?;
    let mut left = MAX_BYTES;
    for entry in entries(from, MAX_BYTES)? {
        let to = copy.join(&entry.path);
        if entry.is_folder {
            files::create_owner_only_folder(&to)?;
        } else {
            left = left.saturating_sub(copy_file(&from.join(&entry.path), &to, left)?);
        }
    }
    let target = folder(codex_home, id).join(version);
    let versions = folder(codex_home, id);
    files::owner_only_folders().recursive(true).create(&versions)?;
    if fs::symlink_metadata(&target).is_ok() {
        fs::rename(&target, staging.path().join("old"))?;
    }
    fs::rename(&copy, &target)?;
    for (number, other) in fs::read_dir(&versions)?.flatten().enumerate() {
        if other.path() != target {
            fs::rename(other.path(), staging.path().join(format!("old-{number}")))?;
        }
    }
    Ok(target)
}

/// Removes all versions of a plugin, if there are any.
pub(super) fn remove(codex_home: &Path, id: &PluginId) -> io::Result<()> {
    let folder = folder(codex_home, id);
    if fs::symlink_metadata(&folder).is_err() {
        return Ok(());
    }
    let staging = Staging::new(codex_home)?;
    fs::rename(&folder, staging.path().join("old"))?;
    if let Some(marketplace) = folder.parent() {
        // Others of the marketplace may be there.
        let _ = fs::remove_dir(marketplace);
    }
    Ok(())
}

/// Copies up to `left` bytes of a regular file; gives how many it had.
fn copy_file(from: &Path, to: &Path, left: u64) -> io::Result<u64> {
    let (source, metadata) = crate::external_file::open(from)?;
    if fs::symlink_metadata(from)?.file_type().is_symlink() {
        return Ok(0);
    }
    let mut options = OpenOptions::new();
    let mut target: File = files::owner_only(options.write(true).create_new(true)).open(to)?;
    let copied = io::copy(&mut source.take(left + 1), &mut target)?;
    if copied > left {
        return Err(io::Error::other("it grows while it is copied"));
    }
    files::copy_executable(&metadata, &target)?;
    Ok(copied)
}
