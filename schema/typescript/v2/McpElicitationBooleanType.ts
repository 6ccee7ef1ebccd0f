// Generated from the protocol crate. Do not edit.

/** A switch. */
export type McpElicitationBooleanType =
  /** A switch. */
  | "boolean";
