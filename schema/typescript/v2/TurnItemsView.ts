// Generated from the protocol crate. Do not edit.

/** How much of a turn's items is there. */
export type TurnItemsView =
  /** None. */
  | "notLoaded"
  /** The first user message and the last agent message. */
  | "summary"
  /** All. */
  | "full";
