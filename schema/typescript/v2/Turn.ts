// Generated from the protocol crate. Do not edit.
import type { ThreadItem } from "./ThreadItem";
import type { TurnError } from "./TurnError";
import type { TurnItemsView } from "./TurnItemsView";
import type { TurnStatus } from "./TurnStatus";

/** One round: what the user said and all that the agent did about it. */
export type Turn = {
  /** When it ended, in Unix seconds. */
  completedAt: number | null;
  /** How long it took, in milliseconds; null while it runs. */
  durationMs: number | null;
  /** Why it failed. */
  error: TurnError | null;
  /** Its id, a UUID. */
  id: string;
  /** Its items, as far as `itemsView` says. */
  items: Array<ThreadItem>;
  /** How much `items` holds. */
  itemsView: TurnItemsView;
  /** First turn in the chain of work that led to this one. */
  rootTurnId: string | null;
  /** When it began, in Unix seconds. */
  startedAt: number | null;
  /** How it stands. */
  status: TurnStatus;
};
