// Generated from the protocol crate. Do not edit.
import type { McpResourceReadTarget } from "./McpResourceReadTarget";
import type { JsonValue } from "../serde_json/JsonValue";

/** Which resource to read. */
export type McpResourceReadParams = {
  /** Metadata for the server. */
  _meta?: { [key: string]: JsonValue } | null;
  /** The app that it belongs to; there are none here. */
  connectorId?: string | null;
  /** The environment that the server belongs to; null is the thread as a whole. */
  environmentId?: string | null;
  /** The call that it is read for; comes back. */
  originCallId?: string | null;
  /** The server. */
  server: string;
  /** The app that it belongs to; there are none here. */
  target?: McpResourceReadTarget | null;
  /** A loaded thread; without one, the server is started for it. */
  threadId?: string | null;
  /** The resource. */
  uri: string;
};
