// Generated from the protocol crate. Do not edit.
import type { CollabAgentStatus } from "./CollabAgentStatus";

/** How another agent stands. */
export type CollabAgentState = {
  /** Its last words. */
  message: string | null;
  /** How it stands. */
  status: CollabAgentStatus;
};
