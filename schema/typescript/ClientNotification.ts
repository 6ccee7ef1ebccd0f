// Generated from the protocol crate. Do not edit.

export type ClientNotification =
  /** The client has read the response to initialize. */
  | { method: "initialized" };
