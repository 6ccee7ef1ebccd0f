// Generated from the protocol crate. Do not edit.

/** Which provider. */
export type GatewayOAuthReadParams = {
  /** The provider; absent for the configured one. */
  modelProvider?: string | null;
};
