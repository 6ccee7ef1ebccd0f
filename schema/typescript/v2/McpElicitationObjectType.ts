// Generated from the protocol crate. Do not edit.

/** An object. */
export type McpElicitationObjectType =
  /** An object. */
  | "object";
