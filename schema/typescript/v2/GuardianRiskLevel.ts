// Generated from the protocol crate. Do not edit.

/** What an action can do at worst. */
export type GuardianRiskLevel =
  /** Little. */
  | "low"
  /** Something that can be undone. */
  | "medium"
  /** Something that is hard to undo. */
  | "high"
  /** A disaster. */
  | "critical";
