// Generated from the protocol crate. Do not edit.
import type { ThreadGoalMutationOrigin } from "./ThreadGoalMutationOrigin";

/** Drops a thread's goal. */
export type ThreadGoalClearParams = {
  /** Who drops it. Accepted; without effect. */
  origin?: ThreadGoalMutationOrigin | null;
  /** The thread. */
  threadId: string;
};
