//! Child processes: how they are started, what they may hold of ours, and how they end with all that they started.
//!
//! Every child process of this program is started by a [`launcher::Launcher`]. It leads a session and a process group
//! of its own, so it has no controlling terminal of ours and can be ended with its descendants; it gets the descriptors
//! 0 to 2 and nothing else; and the orphan reaper ends it when we end, in whatever way.
//!
//! Where to look:
//!
//! * `launcher` (every start), `child` (what was started, and its end), `stdio` (pipes and terminals), `capture` (children
//!   that are run for what they print), `remaining_output` (when that is over)
//! * `waiting_child` (children that are told later what to do), `fork_server` (where such children are forked from)
//! * `group` (a child and what stayed with it), `descendants` (what left it, too), `orphan_reaper` (the process that ends them after us), `orphan_reaper_client`
//!   (our side of it)
//! * what systems do in different ways: `crate::sys::process`

pub(crate) mod capture;
pub(crate) mod child;
mod descendants;
pub(crate) mod fork_server;
mod forked_child;
pub(crate) mod group;
pub(crate) mod launcher;
mod orphan_reaper;
pub(crate) mod orphan_reaper_client;
pub(crate) mod remaining_output;
pub(crate) mod stdio;
pub(crate) mod waiting_child;

pub(crate) use descendants::end_in_background;
pub use orphan_reaper::{ORPHAN_REAPER_ARGUMENT, orphan_reaper_main};
pub use orphan_reaper_client::enable_orphan_reaper;

pub use crate::sys::is_all_read;

/// Has memory that was freed go back to the system early, at the price of asking for it again. For the start of a program that
/// lives long and is idle most of the time, before it has threads.
pub fn limit_retained_memory() {
    crate::sys::heap::limit_retained();
}

/// Memory that this process occupies, in bytes; `None` where the system doesn't tell.
pub fn resident_memory() -> Option<u64> {
    crate::sys::resident_memory()
}
