// Generated from the protocol crate. Do not edit.

/** Whether what was written holds. */
export type WriteStatus =
  /** It does. */
  | "ok"
  /** A higher layer says something else. */
  | "okOverridden";
