// Generated from the protocol crate. Do not edit.

/** What becomes of a table that is there. */
export type MergeStrategy =
  /** The new one takes its place. */
  | "replace"
  /** It keeps members that the new one doesn't have. */
  | "upsert";
