// Generated from the protocol crate. Do not edit.
import type { RequestId } from "./RequestId";
import type { JsonValue } from "./serde_json/JsonValue";

/** A request went well. */
export type JSONRPCResponse = {
  id: RequestId;
  result: JsonValue;
};
