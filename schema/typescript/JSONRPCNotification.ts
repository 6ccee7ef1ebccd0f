// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** Wants no answer. */
export type JSONRPCNotification = {
  method: string;
  params?: JsonValue;
};
