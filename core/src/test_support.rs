//! The one door for hooks that only tests use.
