// Generated from the protocol crate. Do not edit.
import type { McpAuthStatus } from "./McpAuthStatus";
import type { McpServerConnectionStatus } from "./McpServerConnectionStatus";
import type { McpServerInfo } from "../McpServerInfo";
import type { Resource } from "../Resource";
import type { ResourceTemplate } from "../ResourceTemplate";
import type { Tool } from "../Tool";
import type { JsonValue } from "../serde_json/JsonValue";

/** A tool server. */
export type McpServerStatus = {
  /** How users sign in there. */
  authStatus: McpAuthStatus;
  /** The environment that it belongs to; null is the thread as a whole. */
  environmentId: string | null;
  /** Scheme, host and port of one that is reached over HTTP. */
  httpOrigin: string | null;
  /** Its name in the configuration. */
  name: string;
  /** The plugin that it belongs to. */
  pluginId: string | null;
  /** What it has to read, with parts of the URI left open. */
  resourceTemplates: Array<ResourceTemplate>;
  /** What it has to read. */
  resources: Array<Resource>;
  /** How it stands for the thread; null without one. */
  runtimeStatus: McpServerConnectionStatus | null;
  /** `capabilities` of its handshake. */
  serverCapabilities: JsonValue;
  /** What it says of itself; null if it can't be reached. */
  serverInfo: McpServerInfo | null;
  /** `_meta` of its list of tools. */
  toolListMeta: JsonValue;
  /** The tools that are used, by the server's names. */
  tools: { [key: string]: Tool };
  /** Why they are not known. */
  toolsError: string | null;
};
