// Generated from the protocol crate. Do not edit.

/** The agent will be told. */
export type ThreadApproveGuardianDeniedActionResponse = Record<string, never>;
