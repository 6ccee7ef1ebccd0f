// Generated from the protocol crate. Do not edit.
import type { WorkspaceMessage } from "./WorkspaceMessage";

/** Messages of the workspace to its members. */
export type GetWorkspaceMessagesResponse = {
  /** Whether the workspace has messages at all. */
  featureEnabled: boolean;
  /** The messages. */
  messages: Array<WorkspaceMessage>;
};
