// Generated from the protocol crate. Do not edit.

/** How a message of the agent reaches the user. */
export type AgentMessageDelivery =
  /** When the user comes back; the agent does not wait. */
  | "async";
