// Generated from the protocol crate. Do not edit.

/** How long granted permissions hold. */
export type PermissionGrantScope =
  /** Until the turn ends. */
  | "turn"
  /** As long as the thread is loaded. */
  | "session";
