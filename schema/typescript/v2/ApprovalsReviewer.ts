// Generated from the protocol crate. Do not edit.

/** Who answers approval requests. */
export type ApprovalsReviewer =
  | "user" | "auto_review"
  /** A reviewing model, under its former name. */
  | "guardian_subagent";
