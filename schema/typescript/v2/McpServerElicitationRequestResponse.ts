// Generated from the protocol crate. Do not edit.
import type { McpServerElicitationAction } from "./McpServerElicitationAction";
import type { JsonValue } from "../serde_json/JsonValue";

/** What the user answered. */
export type McpServerElicitationRequestResponse = {
  /** Metadata; `persist` (`session` or `always`) keeps the approval of a tool. */
  _meta?: JsonValue;
  /** What they do. */
  action: McpServerElicitationAction;
  /** The form, filled in. */
  content?: JsonValue;
};
