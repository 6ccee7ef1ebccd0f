// Generated from the protocol crate. Do not edit.

/** What commands may touch, in short. */
export type SandboxMode =
  /** Read anything, write nothing, no network. */
  | "read-only"
  /** Read anything, write below the workspace roots. */
  | "workspace-write"
  /** Anything; there is no sandbox. */
  | "danger-full-access";
