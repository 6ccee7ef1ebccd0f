// Generated from the protocol crate. Do not edit.

/** Whether an outer sandbox reaches the network. */
export type NetworkAccess =
  /** It does not. */
  | "restricted"
  /** It does. */
  | "enabled";
