// Generated from the protocol crate. Do not edit.

/** What matches. */
export type FuzzyFileSearchMatchType =
  /** A file. */
  | "file"
  /** A folder. */
  | "directory";
