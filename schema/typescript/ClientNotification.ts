// Generated from the protocol crate. Do not edit.

export type ClientNotification =
  /** The client has read the answer of initialize. */
  | { method: "initialized" };
