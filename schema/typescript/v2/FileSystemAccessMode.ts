// Generated from the protocol crate. Do not edit.

/** What may be done with a place. */
export type FileSystemAccessMode =
  /** Read. */
  | "read"
  /** Read and write. */
  | "write"
  /** Nothing. */
  | "deny";
