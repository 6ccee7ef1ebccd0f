// Generated from the protocol crate. Do not edit.
import type { CollabAgentStatus } from "./CollabAgentStatus";

/** How another agent stands. */
export type CollabAgentState = {
  message: string | null;
  status: CollabAgentStatus;
};
