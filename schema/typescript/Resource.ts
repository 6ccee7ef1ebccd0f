// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** Something to read. */
export type Resource = {
  /** Metadata of the server. */
  _meta?: JsonValue;
  /** Whom it is for. */
  annotations?: JsonValue;
  /** What it is. */
  description?: string | null;
  /** Icons, as in the Model Context Protocol. */
  icons?: Array<JsonValue> | null;
  /** Its media type. */
  mimeType?: string | null;
  /** Its name. */
  name: string;
  /** Its size in bytes. */
  size?: number | null;
  /** Its name for people. */
  title?: string | null;
  /** To read it by. */
  uri: string;
};
