//! Copies of installed plugins: `<home>/plugins/cache/<marketplace>/<plugin>/<version>`.
//!
//! A copy is complete before it gets its name; what it replaces goes behind that.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use super::change::Change;
use super::manifest::{MANIFEST, MAX_MANIFEST};
use super::parts::{MAX_BYTES, entries};
use super::plugin_id::{PluginId, check_version};
use crate::external_file::{self, open};
use crate::sys::files;

/// Where copies are made, and go before they are removed.
const STAGING: &str = "plugins/.staging";

/// A folder there that is older than this was left behind by a process that was killed.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);
/// Such folders that are looked at.
const MAX_LEFT_BEHIND: usize = 256;
/// Bytes that are copied, or compared, between two looks whether anybody waits.
const STEP: u64 = 1 << 20;

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
        let all = codex_home.join(STAGING);
        let path = all.join(Uuid::now_v7().to_string());
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

/// Removes what killed processes have left. Others may be at work there, so only what is old.
pub(super) fn remove_left_behind(codex_home: &Path) {
    let entries = fs::read_dir(codex_home.join(STAGING))
        .into_iter()
        .flatten()
        .flatten();
    for entry in entries.take(MAX_LEFT_BEHIND) {
        let is_old = || {
            let age = entry.metadata().ok()?.modified().ok()?.elapsed().ok()?;
            Some(age > LEFT_BEHIND && entry.file_type().ok()?.is_dir())
        };
        if is_old() == Some(true)
            && let Err(error) = fs::remove_dir_all(entry.path())
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

/// What a copy of a plugin has.
pub(super) struct Contents<'a> {
    /// The files of the plugin.
    pub(super) folder: &'a Path,
    pub(super) version: String,
    /// The manifest of a plugin that brings none.
    pub(super) made_manifest: Option<String>,
}

/// Whether the copy of a plugin has this version and these files.
pub(super) fn is_copy_of(copy: &Path, contents: &Contents, change: &Change) -> io::Result<bool> {
    if copy.file_name().is_none_or(|name| *name != *contents.version) {
        return Ok(false);
    }
    let from = contents.folder;
    let (files, mut others) = (entries(from, MAX_BYTES)?, entries(copy, MAX_BYTES)?);
    if let Some(made) = &contents.made_manifest {
        if external_file::read(&copy.join(MANIFEST), MAX_MANIFEST)? != made.as_bytes() {
            return Ok(false);
        }
        let is_made = |path: &Path| Path::new(MANIFEST).starts_with(path);
        others.retain(|entry| !is_made(&entry.path) || files.contains(entry));
    }
    if files != others {
        return Ok(false);
    }
    for entry in files.iter().filter(|entry| !entry.is_folder) {
        if !is_same_file(&from.join(&entry.path), &copy.join(&entry.path), change)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_same_file(one: &Path, other: &Path, change: &Change) -> io::Result<bool> {
    let ((mut one, metadata), (mut other, of_other)) = (open(one)?, open(other)?);
    if metadata.len() != of_other.len() {
        return Ok(false);
    }
    let (mut here, mut there) = (Vec::new(), Vec::new());
    loop {
        change.check()?;
        here.clear();
        there.clear();
        (&mut one).take(STEP).read_to_end(&mut here)?;
        (&mut other).take(STEP).read_to_end(&mut there)?;
        if here != there {
            return Ok(false);
        }
        if here.is_empty() {
            return Ok(true);
        }
    }
}

/// Copies a plugin's files, in place of all of its versions so far. Links are left out. Nobody sees a copy that is not
/// complete, and none appears once the change is given up.
pub(super) fn install(
    codex_home: &Path,
    id: &PluginId,
    contents: &Contents,
    change: &Change,
) -> io::Result<PathBuf> {
    let from = contents.folder;
    let staging = Staging::new(codex_home)?;
    let copy = staging.path().join("new");
    files::create_owner_only_folder(&copy)?;
    let mut left = MAX_BYTES;
    for entry in entries(from, MAX_BYTES)? {
        change.check()?;
        let to = copy.join(&entry.path);
        if entry.is_folder {
            files::create_owner_only_folder(&to)?;
        } else {
            left = left.saturating_sub(copy_file(&from.join(&entry.path), &to, left, change)?);
        }
    }
    if let Some(made) = &contents.made_manifest {
        write_manifest(&copy, made)?;
    }
    let target = folder(codex_home, id).join(&contents.version);
    let versions = folder(codex_home, id);
    files::owner_only_folders().recursive(true).create(&versions)?;
    change.check()?;
    put(&copy, &target, &staging.path().join("old"))?;
    for (number, other) in fs::read_dir(&versions)?.flatten().enumerate() {
        if other.path() != target {
            fs::rename(other.path(), staging.path().join(format!("old-{number}")))?;
        }
    }
    Ok(target)
}

fn write_manifest(copy: &Path, text: &str) -> io::Result<()> {
    let path = copy.join(MANIFEST);
    if let Some(folder) = path.parent() {
        files::owner_only_folders().recursive(true).create(folder)?;
    }
    let mut options = OpenOptions::new();
    let mut file = files::owner_only(options.write(true).create_new(true)).open(path)?;
    file.write_all(text.as_bytes())
}

/// Puts a folder in the place of another one, if there is one, in one step where the system can do that. `aside`: where
/// what was there goes, unless it ends up in the place of the new one.
pub(super) fn put(new: &Path, target: &Path, aside: &Path) -> io::Result<()> {
    let is_new = match fs::symlink_metadata(target) {
        Ok(_) => false,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error),
    };
    if is_new {
        return fs::rename(new, target);
    }
    if files::exchange(new, target).is_ok() {
        return Ok(());
    }
    // Some file systems can't.
    fs::rename(target, aside)?;
    fs::rename(new, target).inspect_err(|_| {
        if let Err(error) = fs::rename(aside, target) {
            tracing::warn!(%error, folder = %target.display(), "a folder could not be put back");
        }
    })
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
fn copy_file(from: &Path, to: &Path, left: u64, change: &Change) -> io::Result<u64> {
    let (mut source, metadata) = open(from)?;
    if fs::symlink_metadata(from)?.file_type().is_symlink() {
        return Ok(0);
    }
    let mut options = OpenOptions::new();
    let mut target: File = files::owner_only(options.write(true).create_new(true)).open(to)?;
    let mut copied = 0;
    loop {
        change.check()?;
        let part = io::copy(&mut (&mut source).take(STEP), &mut target)?;
        copied += part;
        if copied > left {
            return Err(io::Error::other("it grows while it is copied"));
        }
        if part == 0 {
            break;
        }
    }
    files::copy_executable(&metadata, &target)?;
    Ok(copied)
}
