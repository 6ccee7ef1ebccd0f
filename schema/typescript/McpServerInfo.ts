// Generated from the protocol crate. Do not edit.
import type { JsonValue } from "./serde_json/JsonValue";

/** What a server says of itself. */
export type McpServerInfo = {
  /** What it is for. */
  description: string | null;
  /** Icons, as in the Model Context Protocol. */
  icons: Array<JsonValue> | null;
  /** Its name. */
  name: string;
  /** Its name for people. */
  title: string | null;
  /** Its version. */
  version: string;
  /** Its page. */
  websiteUrl: string | null;
};
