// Generated from the protocol crate. Do not edit.

/** Network access beyond the sandbox. */
export type AdditionalNetworkPermissions = {
  /** Whether the network may be reached. */
  enabled: boolean | null;
};
