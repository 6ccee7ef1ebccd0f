//! Instructions for agents: `CLAUDE.md` becomes `AGENTS.md`.

use std::path::PathBuf;

use super::files::{MAX_TEXT, create};
use super::place::Place;
use super::words::translate;
use super::{ImportOutcome, Imported};
use crate::external_file::read_text;

/// The file to take over; `None` if there is none, or `AGENTS.md` is there already.
pub(super) fn source(place: &Place) -> Option<PathBuf> {
    if place.instructions.symlink_metadata().is_ok() {
        return None;
    }
    let own = place.claude.join("CLAUDE.md");
    let of_project = place.cwd.is_some().then(|| place.root.join("CLAUDE.md"));
    let mut candidates = of_project.into_iter().chain([own]);
    candidates.find(|path| read_text(path, MAX_TEXT).is_ok_and(|text| !text.trim().is_empty()))
}

/// Makes `AGENTS.md`.
pub(super) fn import(place: &Place, outcome: &mut ImportOutcome) {
    let Some(source) = source(place) else { return };
    let name = source.display().to_string();
    let made = read_text(&source, MAX_TEXT)
        .map_err(std::io::Error::from)
        .and_then(|text| create(&place.instructions, translate(&text).as_bytes()));
    match made {
        Ok(()) => outcome.imported.push(Imported {
            source: name,
            target: place.instructions.display().to_string(),
        }),
        Err(error) => outcome.fail(Some(&name), &error),
    }
}
