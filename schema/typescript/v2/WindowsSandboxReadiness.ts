// Generated from the protocol crate. Do not edit.

/** Whether the sandbox of Windows is set up. */
export type WindowsSandboxReadiness =
  /** It is. */
  | "ready"
  /** It is not. */
  | "notConfigured"
  /** It must be set up again. */
  | "updateRequired";
