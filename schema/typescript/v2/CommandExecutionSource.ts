// Generated from the protocol crate. Do not edit.

/** Who started a command. */
export type CommandExecutionSource =
  /** The agent. */
  | "agent"
  /** The user, by `thread/shellCommand`. */
  | "userShell"
  /** The agent, in a terminal that stays. */
  | "unifiedExecStartup"
  /** The agent, by writing into such a terminal. */
  | "unifiedExecInteraction";
