// Generated from the protocol crate. Do not edit.
import type { Turn } from "./Turn";

/** A turn began. */
export type TurnStartedNotification = {
  threadId: string;
  turn: Turn;
};
