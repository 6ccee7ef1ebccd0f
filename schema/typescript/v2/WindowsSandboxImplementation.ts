// Generated from the protocol crate. Do not edit.

/** A sandbox of Windows. */
export type WindowsSandboxImplementation =
  /** With another user's rights. */
  | "elevated"
  /** With the user's own. */
  | "unelevated"
  /** In a container. */
  | "mxc";
