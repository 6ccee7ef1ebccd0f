// Generated from the protocol crate. Do not edit.

/** A kind of turn that takes no input. */
export type NonSteerableTurnKind =
  /** A review. */
  | "review"
  /** A summing-up of the history. */
  | "compact";
