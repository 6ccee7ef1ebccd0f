// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** What a client can do and wants. */
export type InitializeCapabilities = {
  /** Opens methods and parameters that may still change. */
  experimentalApi?: boolean;
  /** The client signs in to gateways by itself, on request. */
  explicitGatewayOauth?: boolean;
  /** Protocol extensions that the client understands, by name, with their settings. */
  extensions?: { [key: string]: JsonValue } | null;
  /** The client can show forms that a tool server asks for. */
  mcpServerOpenaiFormElicitation?: boolean;
  /** Notifications that this connection must not receive; exact method names, unknown ones do no harm. */
  optOutNotificationMethods?: Array<string> | null;
  /** The client can answer `attestation/generate`. */
  requestAttestation?: boolean;
  /** Approvals should come from a person. Accepted; without effect: who answers is a setting of each thread (`approvalsReviewer`). */
  requiredHumanApproval?: boolean;
};
