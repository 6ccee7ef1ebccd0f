// Generated from the protocol crate. Do not edit.

/** Where to sign in, and how. */
export type GatewayOAuthLoginParams = {
  /** On another device. */
  deviceAuth?: boolean;
  /** The provider; absent for the configured one. */
  modelProvider?: string | null;
};
