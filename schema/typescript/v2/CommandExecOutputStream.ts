// Generated from the protocol crate. Do not edit.

/** Which stream of a command. */
export type CommandExecOutputStream =
  /** Standard output, or the terminal. */
  | "stdout"
  /** Standard error. */
  | "stderr";
