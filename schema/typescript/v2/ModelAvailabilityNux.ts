// Generated from the protocol crate. Do not edit.

/** What to tell users who meet a model first. */
export type ModelAvailabilityNux = {
  /** The text. */
  message: string;
};
