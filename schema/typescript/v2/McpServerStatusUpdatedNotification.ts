// Generated from the protocol crate. Do not edit.
import type { McpServerStartupFailureReason } from "./McpServerStartupFailureReason";
import type { McpServerStartupState } from "./McpServerStartupState";

/** A tool server of a thread stands in another way. */
export type McpServerStatusUpdatedNotification = {
  /** The environment that it belongs to; null is the thread as a whole. */
  environmentId: string | null;
  /** Why it can't be used. */
  error: string | null;
  /** What the user can do about that. */
  failureReason: McpServerStartupFailureReason | null;
  /** The server. */
  name: string;
  /** How it stands. */
  status: McpServerStartupState;
  /** The thread. */
  threadId: string | null;
};
