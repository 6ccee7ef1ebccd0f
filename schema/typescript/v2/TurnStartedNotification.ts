// Generated from the protocol crate. Do not edit.
import type { Turn } from "./Turn";

/** A turn began. */
export type TurnStartedNotification = {
  /** The thread. */
  threadId: string;
  /** The turn. */
  turn: Turn;
};
