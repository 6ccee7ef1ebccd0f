// Generated from the protocol crate. Do not edit.

/** How a change of files stands. */
export type PatchApplyStatus =
  /** It is under way. */
  | "inProgress"
  /** It was made. */
  | "completed"
  /** It could not be made. */
  | "failed"
  /** It was not allowed. */
  | "declined";
