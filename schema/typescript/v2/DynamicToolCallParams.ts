// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** A call of one of the client's tools. */
export type DynamicToolCallParams = {
  /** What the model gave it. */
  arguments: JsonValue;
  /** The call, which is also the id of its item. */
  callId: string;
  /** Namespace of the tool; null if it has none. */
  namespace: string | null;
  /** The thread. */
  threadId: string;
  /** Name of the tool. */
  tool: string;
  /** The turn. */
  turnId: string;
};
