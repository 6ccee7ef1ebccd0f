//! Memory that an allocator keeps for later, where nobody tells.

/// Leaves it to the allocator how much that is.
pub(crate) fn limit_retained() {}

/// Bytes that were freed: not known.
pub(crate) fn freed() -> usize {
    0
}

/// Leaves it to the allocator.
pub(crate) fn give_back() {}

/// Leaves it to the system how large pages are.
pub(crate) fn join_pages() -> usize {
    0
}
