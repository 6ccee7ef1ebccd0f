// Generated from the protocol crate. Do not edit.

/** What happened to a project. */
export type ProjectChangeType =
  /** It was made. */
  | "created"
  /** It was changed or moved. */
  | "updated"
  /** It was deleted. */
  | "deleted";
