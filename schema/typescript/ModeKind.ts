// Generated from the protocol crate. Do not edit.

/** A way of working together. */
export type ModeKind =
  /** Think and propose; change nothing. */
  | "plan"
  /** Do the work. */
  | "default";
