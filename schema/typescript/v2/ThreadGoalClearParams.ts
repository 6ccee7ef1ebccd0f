// Generated from the protocol crate. Do not edit.
import type { ThreadGoalMutationOrigin } from "./ThreadGoalMutationOrigin";

/** Drops a thread's goal. */
export type ThreadGoalClearParams = {
  /** Who drops it. */
  origin?: ThreadGoalMutationOrigin | null;
  /** The thread. */
  threadId: string;
};
