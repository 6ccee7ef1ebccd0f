// Generated from the protocol crate. Do not edit.

/** How far the user's words cover an action. */
export type GuardianUserAuthorization =
  /** Nothing is known. */
  | "unknown"
  /** Hardly. */
  | "low"
  /** By and large. */
  | "medium"
  /** Fully. */
  | "high";
