// Generated from the protocol crate. Do not edit.

/** A list. */
export type McpElicitationArrayType =
  /** A list. */
  | "array";
