//! Threads as actors: each owns its state, takes operations, tells events.
