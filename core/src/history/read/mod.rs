//! Reading a history: through all its files, into turns and items, and into what the model is told.
//!
//! Where to look:
//!
//! * `chain`: all files of a history, as one sequence of lines; `branch`: up to a fork point
//! * `turn_assigner` (which turn a line belongs to), `turn_index` (where turns lie), `turns` (turns and items from lines)
//! * `replay` (the model's history), `head` (for lists), `tail` (how the thread stood)

pub(crate) mod branch;
pub(crate) mod chain;
pub(crate) mod head;
pub(crate) mod replay;
pub(crate) mod tail;
pub(crate) mod turn_assigner;
pub(crate) mod turn_index;
pub(crate) mod turns;
