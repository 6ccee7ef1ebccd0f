// Generated from the protocol crate. Do not edit.
import type { ThreadTokenUsage } from "./ThreadTokenUsage";

/** A thread's token counts changed. */
export type ThreadTokenUsageUpdatedNotification = {
  /** The thread. */
  threadId: string;
  /** The counts. */
  tokenUsage: ThreadTokenUsage;
  /** The turn. */
  turnId: string;
};
