// Generated from the protocol crate. Do not edit.

/** The status of a review. */
export type GuardianApprovalReviewStatus =
  /** The reviewer is at work. */
  | "inProgress"
  /** The action may be carried out. */
  | "approved"
  /** It may not. */
  | "denied"
  /** The reviewer took too long. */
  | "timedOut"
  /** The turn was interrupted. */
  | "aborted";
