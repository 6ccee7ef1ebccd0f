// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** The model server moderated the turn. */
export type TurnModerationMetadataNotification = {
  /** What it says, any JSON. */
  metadata: JsonValue;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};
