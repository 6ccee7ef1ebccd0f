// Generated from the protocol crate. Do not edit.
import type { HookRunSummary } from "./HookRunSummary";

/** A hook has run. */
export type HookCompletedNotification = {
  /** The run. */
  run: HookRunSummary;
  /** The thread. */
  threadId: string;
  /** The turn; null outside of turns. */
  turnId: string | null;
};
