// Generated from the protocol crate. Do not edit.

/** Who answers approval requests. */
export type ApprovalsReviewer =
  /** The client. */
  | "user"
  /** A reviewing model. */
  | "auto_review"
  /** A reviewing model, under its former name. */
  | "guardian_subagent";
