// Generated from the protocol crate. Do not edit.

/** How much of its reasoning the model sums up. */
export type ReasoningSummary =
  /** The model decides. */
  | "auto"
  /** A little. */
  | "concise"
  /** Much. */
  | "detailed"
  /** Nothing. */
  | "none";
