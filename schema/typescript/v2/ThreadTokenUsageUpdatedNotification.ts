// Generated from the protocol crate. Do not edit.
import type { ThreadTokenUsage } from "./ThreadTokenUsage";

/** A thread's token counts changed. */
export type ThreadTokenUsageUpdatedNotification = {
  threadId: string;
  tokenUsage: ThreadTokenUsage;
  turnId: string;
};
