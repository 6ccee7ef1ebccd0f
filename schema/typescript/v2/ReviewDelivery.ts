// Generated from the protocol crate. Do not edit.

/** Where a review takes place. */
export type ReviewDelivery =
  /** In the thread itself. */
  | "inline";
