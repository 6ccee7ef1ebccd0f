// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Attaches something to a thread. */
export type ThreadAttachmentAddParams = {
  /** Kind of attachment, in words of the client. */
  attachmentType: string;
  /** What makes it the same attachment, in words of the client. */
  identityKey: string;
  /** The attachment itself, any JSON. */
  payload: JsonValue;
  /** The thread. */
  threadId: string;
};
