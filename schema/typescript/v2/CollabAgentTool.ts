// Generated from the protocol crate. Do not edit.

/** A way to deal with another agent. */
export type CollabAgentTool =
  /** Start one. */
  | "spawnAgent"
  /** Say something to one. */
  | "sendInput"
  /** Bring one back. */
  | "resumeAgent"
  /** Wait for some. */
  | "wait"
  /** Close one. */
  | "closeAgent"
  /** Send one a message. */
  | "sendMessage"
  /** Give one another task. */
  | "followupTask"
  /** Interrupt one. */
  | "interruptAgent"
  /** See which there are. */
  | "listAgents";
