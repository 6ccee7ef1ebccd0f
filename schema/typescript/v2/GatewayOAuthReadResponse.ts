// Generated from the protocol crate. Do not edit.
import type { GatewayOAuthStatus } from "./GatewayOAuthStatus";

/** Whether a provider wants the user to sign in at its gateway. */
export type GatewayOAuthReadResponse = {
  /** Why it failed. */
  error: string | null;
  /** The provider. */
  providerId: string;
  /** Its name. */
  providerName: string;
  /** It does. */
  required: boolean;
  /** How far it is. */
  status: GatewayOAuthStatus | null;
  /** It can be done on another device. */
  supportsDeviceAuth: boolean;
};
