// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** What a tool returned. */
export type McpServerToolCallResponse = {
  /** Metadata of the server. */
  _meta?: JsonValue;
  /** Content blocks, as in the Model Context Protocol. */
  content: Array<JsonValue>;
  /** Whether it failed. */
  isError?: boolean | null;
  /** The same as data. */
  structuredContent?: JsonValue;
};
