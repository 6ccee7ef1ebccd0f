// Generated from the protocol crate. Do not edit.
import type { GatewayAuth } from "./GatewayAuth";

/** What kind of provider it is. */
export type ProviderSettings =
  /** OpenAI itself. */
  | {
    type: "openai";
  }
  /** A server that speaks the Responses API. */
  | {
    /** How requests are authorised. */
    auth: GatewayAuth;
    type: "customGateway";
  };
