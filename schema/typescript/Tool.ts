// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** A tool of a server. */
export type Tool = {
  /** Metadata of the server. */
  _meta?: JsonValue;
  /** What the server says of its effects. */
  annotations?: JsonValue;
  /** What it does. */
  description?: string | null;
  /** Icons, as in the Model Context Protocol. */
  icons?: Array<JsonValue> | null;
  /** JSON Schema of its arguments. */
  inputSchema: JsonValue;
  /** The server's name for it. */
  name: string;
  /** JSON Schema of `structuredContent`. */
  outputSchema?: JsonValue;
  /** Its name for people. */
  title?: string | null;
};
