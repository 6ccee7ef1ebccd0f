// Generated from the protocol crate. Do not edit.
import type { McpServerStatus } from "./McpServerStatus";

/** Servers by name. */
export type ListMcpServerStatusResponse = {
  /** One page of them. */
  data: Array<McpServerStatus>;
  /** Where to go on; null at the end. */
  nextCursor: string | null;
};
