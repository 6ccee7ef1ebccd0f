// Generated from the protocol crate. Do not edit.

/** A kind of text. */
export type McpElicitationStringFormat =
  /** An address of mail. */
  | "email"
  /** A URI. */
  | "uri"
  /** A date. */
  | "date"
  /** A date with a time. */
  | "date-time";
