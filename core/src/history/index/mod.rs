//! What is derived from the files for quick lists: the database, the folders, and what keeps them up to date.

pub(crate) mod db;
pub(crate) mod directory;
pub(crate) mod names;
pub(crate) mod rows;
pub(crate) mod strays;
pub(crate) mod watch;
