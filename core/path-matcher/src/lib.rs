//! Finds the paths that match best what is typed, among hundreds of thousands within milliseconds: [`Finder`].
//!
//! Paths are added to blocks, each a [`Chunk`], which know of each letter which paths have it, so that a [`Query`] looks at
//! little. What one query leaves of them, the next and longer one starts from: [`Earlier`]. Scores and indices are those of
//! nucleo-matcher, with a preference for last parts of paths.
//!
//! | file | what |
//! |---|---|
//! | `paths.rs` | paths in blocks |
//! | `starts.rs` | which of them lie in one folder |
//! | `rows.rs` | what is known of many paths at once |
//! | `lanes.rs` | words of these that are worked on together |
//! | `segments.rs` | whether letters come in their order, by these |
//! | `letters.rs` | which letters a name has, and where |
//! | `chain.rs` | what one more letter of a word takes away |
//! | `losses.rs` | what a match of each path is worth at most, by its letters |
//! | `wanted.rs` | what a match of a word is worth at most, by a text |
//! | `limits.rs` | how much of a query is found in folders |
//! | `literal.rs` | words that stand in a path letter by letter, or must not |
//! | `query.rs` | what is searched, and how well a path matches |
//! | `left.rs` | what a query leaves for the next one |
//! | `best.rs` | the best matches so far |
//! | `round.rs` | what is looked at, in which order |
//! | `search.rs` | what is looked for and where, as threads share it |
//! | `helper.rs` | the thread that helps |
//! | `seeker.rs` | the best paths of all blocks |
//! | `find.rs` | from folders to files that are found |
//!
//! It reads no files and knows no clock, and begins one thread for each [`Finder`]. It is a crate of its own because it is compiled for speed, where the engine is
//! compiled for size.

mod best;
mod chain;
mod find;
mod helper;
mod lanes;
mod left;
mod letters;
mod limits;
mod literal;
mod losses;
mod paths;
mod query;
mod round;
mod rows;
mod search;
mod seeker;
mod segments;
mod starts;
mod wanted;

pub use best::MAX_RESULTS;
pub use find::{Earlier, Finder, Found, FoundFile, Place, Source, Waiter};
pub use helper::HelperPlacement;
pub use left::Narrowed;
pub use paths::{Chunk, ChunkBuilder};
pub use query::Query;
