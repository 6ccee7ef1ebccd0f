// Generated from the protocol crate. Do not edit.
import type { Turn } from "./Turn";

/** A turn ended. */
export type TurnCompletedNotification = {
  /** The thread. */
  threadId: string;
  /** The turn. */
  turn: Turn;
};
