// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "../serde_json/JsonValue";

/** Which tool to call. */
export type McpServerToolCallParams = {
  /** Metadata for the server. */
  _meta?: JsonValue;
  /** Its arguments. */
  arguments?: JsonValue;
  /** The environment that the server belongs to; null is the thread as a whole. */
  environmentId?: string | null;
  /** The server. */
  server: string;
  /** A loaded thread. */
  threadId: string;
  /** The tool, as the server spells it. */
  tool: string;
};
