// Generated from the protocol crate. Do not edit.

/** What was switched. */
export type ExperimentalFeatureEnablementSetResponse = {
  /** On or off, by name. */
  enablement: { [key: string]: boolean };
};
