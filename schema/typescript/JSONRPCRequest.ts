// Generated from the protocol crate. Do not edit.
import type { RequestId } from "./RequestId";
import type { W3cTraceContext } from "./W3cTraceContext";
import type { JsonValue } from "./serde_json/JsonValue";

/** Wants an answer. */
export type JSONRPCRequest = {
  id: RequestId;
  method: string;
  params?: JsonValue;
  /** Where the work belongs in a distributed trace. */
  trace?: W3cTraceContext | null;
};
