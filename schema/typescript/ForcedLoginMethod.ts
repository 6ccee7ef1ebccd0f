// Generated from the protocol crate. Do not edit.

/** A way to sign in. */
export type ForcedLoginMethod =
  /** With an account. */
  | "chatgpt"
  /** With an API key. */
  | "api";
