// Generated from the protocol crate. Do not edit.
import type { TurnPlanStep } from "./TurnPlanStep";

/** The agent's list of steps changed. */
export type TurnPlanUpdatedNotification = {
  /** Why it changed. */
  explanation: string | null;
  /** All steps. */
  plan: Array<TurnPlanStep>;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};
