// Generated from the protocol crate. Do not edit.

/** Switches features on or off while the server runs. */
export type ExperimentalFeatureEnablementSetParams = {
  /** On or off, by name. */
  enablement: { [key: string]: boolean };
};
