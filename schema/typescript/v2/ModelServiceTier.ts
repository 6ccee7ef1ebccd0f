// Generated from the protocol crate. Do not edit.

/** A service tier of a model. */
export type ModelServiceTier = {
  /** What it gives, for people. */
  description: string;
  id: string;
  name: string;
};
