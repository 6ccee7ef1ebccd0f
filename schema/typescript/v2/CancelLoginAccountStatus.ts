// Generated from the protocol crate. Do not edit.

/** What became of a login. */
export type CancelLoginAccountStatus =
  /** It was given up. */
  | "canceled"
  /** There is no such login. */
  | "notFound";
