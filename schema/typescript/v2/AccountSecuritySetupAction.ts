// Generated from the protocol crate. Do not edit.

/** A link to offer. */
export type AccountSecuritySetupAction = {
  label: string;
  url: string;
};
