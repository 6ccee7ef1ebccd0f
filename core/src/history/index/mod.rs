//! What is derived from the files for quick lists: the database, the folders, and what keeps them up to date.
//!
//! Where to look:
//!
//! * `directory` (which files there are, by name), `file_times` (when they were changed), `strays` (those in other places)
//! * `rows` (what lists show), `db` (kept rows), `names` (names that users gave), `watch` (events of the file system)
//! * `texts` (in which files a term may occur), `titles` (which threads a list may show), `grams` (what they
//!   hold of a text)

pub(crate) mod db;
pub(crate) mod directory;
pub(crate) mod file_times;
pub(crate) mod grams;
pub(crate) mod names;
pub(crate) mod rows;
pub(crate) mod strays;
pub(crate) mod texts;
pub(crate) mod titles;
pub(crate) mod watch;
