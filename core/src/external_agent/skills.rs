//! Skills: folders that are copied.

use std::path::Path;

use super::ImportOutcome;
use super::files::{copy_folder, entries, is_plain_name};
use super::place::Place;
use super::words::translate;

/// Skills that are not here yet.
pub(super) fn new_names(place: &Place) -> Vec<String> {
    let source = place.claude.join("skills");
    let is_new = |name: &str| place.skills.join(name).symlink_metadata().is_err();
    let folders = entries(&source).into_iter().filter(|(name, kind)| {
        kind.is_dir() && is_plain_name(name) && source.join(name).join("SKILL.md").is_file() && is_new(name)
    });
    folders.map(|(name, _)| name).collect()
}

/// Copies skills.
pub(super) fn import(place: &Place, wanted: &dyn Fn(&str) -> bool, outcome: &mut ImportOutcome) {
    for name in new_names(place).iter().filter(|name| wanted(name)) {
        let (from, to) = (place.claude.join("skills").join(name), place.skills.join(name));
        outcome.add(name, copy_folder(&from, &to, &change));
    }
}

/// The instructions are for us now; other files stay as they are.
fn change(path: &Path, bytes: Vec<u8>) -> Vec<u8> {
    if path.file_name().is_none_or(|name| name != "SKILL.md") {
        return bytes;
    }
    match String::from_utf8(bytes) {
        Ok(text) => translate(&text).into_owned().into_bytes(),
        Err(error) => error.into_bytes(),
    }
}
