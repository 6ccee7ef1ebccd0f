// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** What went wrong. */
export type JSONRPCErrorError = {
  code: number;
  data?: JsonValue;
  message: string;
};
