// Generated from the protocol crate. Do not edit.
import type { GatewayOAuthPrompt } from "./GatewayOAuthPrompt";

/** What the user has to do. */
export type GatewayOAuthLoginResponse = {
  /** On another device. */
  prompt: GatewayOAuthPrompt | null;
};
