// Generated from the protocol crate. Do not edit.

/** It doesn't run. */
export type GatewayOAuthCancelResponse = Record<string, never>;
