// Generated from the protocol crate. Do not edit.
import type { TurnError } from "./TurnError";

/** A request to the model failed. */
export type ErrorNotification = {
  error: TurnError;
  threadId: string;
  turnId: string;
  /** Whether it is tried again; if not, the turn fails. */
  willRetry: boolean;
};
