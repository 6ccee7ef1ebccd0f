// Generated from the protocol crate. Do not edit.
import type { TurnError } from "./TurnError";

/** A request to the model failed. */
export type ErrorNotification = {
  /** Why. */
  error: TurnError;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
  /** Whether it is tried again; if not, the turn fails. */
  willRetry: boolean;
};
