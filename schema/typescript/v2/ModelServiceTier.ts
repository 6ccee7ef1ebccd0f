// Generated from the protocol crate. Do not edit.

/** A service tier of a model. */
export type ModelServiceTier = {
  /** What it gives, for people. */
  description: string;
  /** Its id. */
  id: string;
  /** Its name. */
  name: string;
};
