// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** A part of a resource. */
export type ResourceContent =
  /** Text. */
  | {
    /** Metadata of the server. */
    _meta?: JsonValue;
    /** Its media type. */
    mimeType?: string | null;
    /** The text. */
    text: string;
    /** Its URI. */
    uri: string;
  }
  /** Bytes. */
  | {
    /** Metadata of the server. */
    _meta?: JsonValue;
    /** The bytes in base64. */
    blob: string;
    /** Its media type. */
    mimeType?: string | null;
    /** Its URI. */
    uri: string;
  };
