//! Reading a history: through all its files, into turns and items, and into what the model is told.

pub(crate) mod branch;
pub(crate) mod chain;
pub(crate) mod head;
pub(crate) mod replay;
pub(crate) mod tail;
pub(crate) mod turn_assigner;
pub(crate) mod turn_index;
pub(crate) mod turns;
