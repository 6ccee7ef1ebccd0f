// Generated from the protocol crate. Do not edit.

/** What is asked about. */
export type CommandExecutionApprovalKind =
  /** A command of the agent. */
  | "command"
  /** Input for a command that runs. */
  | "writeStdin"
  /** A command that a person must decide on. */
  | "humanCommand";
