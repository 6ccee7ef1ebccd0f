// Generated from the protocol crate. Do not edit.

/** How a model works with other agents. */
export type MultiAgentVersion =
  /** Not at all. */
  | "disabled"
  /** With the first set of tools. */
  | "v1"
  /** With the second set of tools. */
  | "v2";
