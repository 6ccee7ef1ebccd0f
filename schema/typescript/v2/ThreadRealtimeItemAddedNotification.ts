// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Something that the voice server has told. */
export type ThreadRealtimeItemAddedNotification = {
  /** As it came. */
  item: JsonValue;
  /** The thread. */
  threadId: string;
};
