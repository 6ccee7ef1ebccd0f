// Generated from the protocol crate. Do not edit.
import type { ThreadGoalStatus } from "./ThreadGoalStatus";

/** What a thread is to reach. */
export type ThreadGoal = {
  /** When it was made, in Unix seconds. */
  createdAt: number;
  /** What is to be reached. */
  objective: string;
  /** How it stands. */
  status: ThreadGoalStatus;
  /** The thread. */
  threadId: string;
  /** Time spent on it, in seconds. */
  timeUsedSeconds: number;
  /** Tokens that may be spent on it; null for no limit. */
  tokenBudget: number | null;
  /** Tokens spent on it. */
  tokensUsed: number;
  /** When it last changed, in Unix seconds. */
  updatedAt: number;
};
