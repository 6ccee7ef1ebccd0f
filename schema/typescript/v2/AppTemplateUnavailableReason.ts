// Generated from the protocol crate. Do not edit.

/** Why an app can't be set up. */
export type AppTemplateUnavailableReason =
  /** The workspace has not set it up. */
  | "NOT_CONFIGURED_FOR_WORKSPACE"
  /** There is no workspace. */
  | "NO_ACTIVE_WORKSPACE";
