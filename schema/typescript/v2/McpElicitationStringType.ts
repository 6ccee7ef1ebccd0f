// Generated from the protocol crate. Do not edit.

/** A text. */
export type McpElicitationStringType =
  /** A text. */
  | "string";
