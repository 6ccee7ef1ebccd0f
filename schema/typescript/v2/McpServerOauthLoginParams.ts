// Generated from the protocol crate. Do not edit.
import type { McpServerOauthClientRegistration } from "./McpServerOauthClientRegistration";

/** Which server to sign in to. */
export type McpServerOauthLoginParams = {
  /** How this program becomes known there; null is `auto`. */
  clientRegistration?: McpServerOauthClientRegistration | null;
  /** The environment that it belongs to; null is the thread as a whole. */
  environmentId?: string | null;
  /** The server. */
  name: string;
  /** What to ask for; null is what is configured, else what the server supports. */
  scopes?: Array<string> | null;
  /** A loaded thread whose server it is; null is the configuration's. */
  threadId?: string | null;
  /** How long the user may take, in seconds; null is five minutes. */
  timeoutSecs?: number | null;
};
