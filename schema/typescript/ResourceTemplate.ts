// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** Things to read, with parts of the URI left open. */
export type ResourceTemplate = {
  /** Whom they are for. */
  annotations?: JsonValue;
  /** What they are. */
  description?: string | null;
  /** Their media type. */
  mimeType?: string | null;
  /** Its name. */
  name: string;
  /** Its name for people. */
  title?: string | null;
  /** The URI with its open parts (RFC 6570). */
  uriTemplate: string;
};
