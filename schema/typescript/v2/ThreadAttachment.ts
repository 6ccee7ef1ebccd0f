// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Something that a client attached to a thread. */
export type ThreadAttachment = {
  /** Kind of attachment, in words of the client. */
  attachmentType: string;
  /** When it was made, in Unix seconds. */
  createdAt: number;
  /** Its id. */
  id: string;
  /** What makes it the same attachment, in words of the client. */
  identityKey: string;
  /** The attachment itself, any JSON. */
  payload: JsonValue;
};
