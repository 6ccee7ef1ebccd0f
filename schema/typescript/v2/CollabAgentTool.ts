// Generated from the protocol crate. Do not edit.

/** A way to deal with another agent. */
export type CollabAgentTool =
  | "spawnAgent" | "resumeAgent" | "wait" | "closeAgent" | "interruptAgent"
  /** Say something to one. */
  | "sendInput"
  /** Send one a message. */
  | "sendMessage"
  /** Give one another task. */
  | "followupTask"
  /** See which there are. */
  | "listAgents";
