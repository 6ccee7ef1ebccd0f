// Generated from the protocol crate. Do not edit.

/** A direction. */
export type SortDirection = "asc" | "desc";
