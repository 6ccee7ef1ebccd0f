// Generated from the protocol crate. Do not edit.

/** Whether other devices can control this server. */
export type RemoteControlConnectionStatus =
  /** They can't. */
  | "disabled"
  /** Soon. */
  | "connecting"
  /** They can. */
  | "connected"
  /** The connection failed. */
  | "errored";
