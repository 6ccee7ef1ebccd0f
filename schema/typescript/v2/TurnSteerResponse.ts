// Generated from the protocol crate. Do not edit.

/** Where the input went. */
export type TurnSteerResponse = {
  /** The turn that takes the input. */
  turnId: string;
};
