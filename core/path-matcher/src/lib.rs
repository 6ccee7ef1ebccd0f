//! Finds the paths that match best what is typed, among hundreds of thousands within milliseconds: [`find`].
//!
//! Paths are added to blocks, each a [`Chunk`], which know a mask of the characters of each path, so that a [`Query`]
//! looks at little. What one query leaves of them, the next and longer one starts from: [`Earlier`]. Scores and indices
//! are those of nucleo-matcher, with a preference for last parts of paths.
//!
//! | file | what |
//! |---|---|
//! | `paths.rs` | paths in blocks |
//! | `letters.rs` | which letters a name has, and where |
//! | `wanted.rs` | what a match of a word is worth at most |
//! | `query.rs` | what is searched, and how well a path matches |
//! | `literal.rs` | words that stand in a path letter by letter, or must not |
//! | `limits.rs` | how much of a query is found in folders |
//! | `left.rs` | what a query leaves for the next one |
//! | `promising.rs` | what is looked at ahead of everything else |
//! | `best.rs` | the best matches so far |
//! | `seeker.rs` | what one thread does to find the best paths |
//! | `find.rs` | the best paths of all blocks |
//!
//! It reads no files and knows no clock. It is a crate of its own because it is compiled for speed, where the engine is
//! compiled for size.

mod best;
mod find;
mod left;
mod letters;
mod limits;
mod literal;
mod paths;
mod promising;
mod query;
mod seeker;
mod wanted;

pub use best::MAX_RESULTS;
pub use find::{Earlier, Found, FoundFile, Narrowed, Place, Source, find};
pub use paths::Chunk;
pub use query::Query;
