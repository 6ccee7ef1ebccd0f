// Generated from the protocol crate. Do not edit.
import type { ThreadGoalMutationOrigin } from "./ThreadGoalMutationOrigin";
import type { ThreadGoalStatus } from "./ThreadGoalStatus";

/** Sets a thread's goal, or changes it. What is absent stays. */
export type ThreadGoalSetParams = {
  /** What is to be reached, at most 4,000 characters. */
  objective?: string | null;
  /** Who sets it. Accepted; without effect. */
  origin?: ThreadGoalMutationOrigin | null;
  /** How it stands. */
  status?: ThreadGoalStatus | null;
  /** The thread. */
  threadId: string;
  /** Tokens that may be spent on it; null for no limit. */
  tokenBudget?: number | null;
};
