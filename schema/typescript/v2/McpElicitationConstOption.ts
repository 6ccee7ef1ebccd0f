// Generated from the protocol crate. Do not edit.

/** A word with its name for people. */
export type McpElicitationConstOption = {
  /** The word. */
  const: string;
  /** Its name. */
  title: string;
};
