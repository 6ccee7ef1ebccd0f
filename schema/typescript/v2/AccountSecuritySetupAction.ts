// Generated from the protocol crate. Do not edit.

/** A link to offer. */
export type AccountSecuritySetupAction = {
  /** Its text. */
  label: string;
  /** Where it leads. */
  url: string;
};
