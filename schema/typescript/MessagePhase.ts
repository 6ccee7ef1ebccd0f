// Generated from the protocol crate. Do not edit.

/** What a message of the agent is. */
export type MessagePhase =
  /** A remark on the way. */
  | "commentary"
  /** Part of the answer. */
  | "partial_answer"
  /** The answer. */
  | "final_answer";
