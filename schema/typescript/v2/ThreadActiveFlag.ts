// Generated from the protocol crate. Do not edit.

/** What a running turn waits for. */
export type ThreadActiveFlag =
  /** For an approval. */
  | "waitingOnApproval"
  /** For an answer of the user. */
  | "waitingOnUserInput";
