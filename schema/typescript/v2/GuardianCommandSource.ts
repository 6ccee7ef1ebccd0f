// Generated from the protocol crate. Do not edit.

/** Which tool runs a command. */
export type GuardianCommandSource =
  /** A shell tool. */
  | "shell"
  /** `exec_command`. */
  | "unifiedExec";
