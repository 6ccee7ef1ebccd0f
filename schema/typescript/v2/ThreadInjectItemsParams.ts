// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Adds to a thread's history without a turn. */
export type ThreadInjectItemsParams = {
  /** Items as the Responses API has them. */
  items: Array<JsonValue>;
  /** The thread. */
  threadId: string;
};
