// Generated from the protocol crate. Do not edit.

/** Which stream of a process. */
export type ProcessOutputStream =
  /** Standard output, or the terminal. */
  | "stdout"
  /** Standard error. */
  | "stderr";
