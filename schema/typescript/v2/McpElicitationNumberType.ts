// Generated from the protocol crate. Do not edit.

/** A kind of number. */
export type McpElicitationNumberType =
  /** Any number. */
  | "number"
  /** A whole number. */
  | "integer";
