//! Patches of the model: the language of `apply_patch` (docs/contract/tools.md#patches).
//!
//! A patch goes through steps, so that it takes effect as a whole or not at all: [`parse`] reads its text, [`Targets`]
//! opens the folders of its files, [`plan`] finds what it changes in the files as they are, and [`write`] replaces them
//! one by one and puts everything back if one of them fails. From the second step on files are reached from these open
//! folders only: what was checked is what is written, whoever renames folders or makes links meanwhile.
//!
//! Where to look:
//!
//! * the language: `parse`, and `preview` while the model still writes
//! * where the files are: `targets`
//! * finding the place of a change: `seek` (lines), `source_text` (line ends, byte order mark, end of the file)
//! * what is to be done: `plan`; doing it: `write`
//! * what users see of it: `unified_diff` (one change), `turn_diff` (all changes of a turn)
//! * what the thread remembers of patches: `patch_state`

mod parse;
mod patch_state;
mod plan;
mod preview;
mod seek;
mod source_text;
mod targets;
#[cfg(test)]
mod tests;
mod turn_diff;
mod unified_diff;
mod write;

pub(crate) use parse::{Patch, parse};
pub(crate) use patch_state::PatchState;
pub(crate) use plan::{PlanError, PlannedChange, plan, target_paths};
pub(crate) use preview::preview;
pub(crate) use targets::Targets;
pub(crate) use unified_diff::file_changes;
pub(crate) use write::write;
