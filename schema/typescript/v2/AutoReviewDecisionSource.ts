// Generated from the protocol crate. Do not edit.

/** Who decided in the user's place. */
export type AutoReviewDecisionSource =
  /** A model. */
  | "agent";
