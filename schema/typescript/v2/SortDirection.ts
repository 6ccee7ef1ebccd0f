// Generated from the protocol crate. Do not edit.

/** A direction. */
export type SortDirection =
  /** Oldest first. */
  | "asc"
  /** Newest first. */
  | "desc";
