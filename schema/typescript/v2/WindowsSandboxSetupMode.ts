// Generated from the protocol crate. Do not edit.

/** How the sandbox of Windows is set up. */
export type WindowsSandboxSetupMode =
  /** As an administrator. */
  | "elevated"
  /** As the user. */
  | "unelevated";
