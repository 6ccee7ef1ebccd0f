// Generated from the protocol crate. Do not edit.
import type { McpServerStatusDetail } from "./McpServerStatusDetail";

/** Which servers to list. */
export type ListMcpServerStatusParams = {
  /** Where to go on, from an earlier answer. */
  cursor?: string | null;
  /** How much to tell of each; null is `full`. */
  detail?: McpServerStatusDetail | null;
  /** The environment that they belong to; null is the thread as a whole. */
  environmentId?: string | null;
  /** How many at most. */
  limit?: number | null;
  /** The name of the only one to list. */
  serverName?: string | null;
  /** A loaded thread; without one, servers are started to be asked. */
  threadId?: string | null;
};
