// Generated from the protocol crate. Do not edit.

/** What the user does about a question. */
export type McpServerElicitationAction =
  /** Says yes. */
  | "accept"
  /** Says no. */
  | "decline"
  /** Says nothing. */
  | "cancel";
