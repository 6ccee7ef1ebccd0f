// Generated from the protocol crate. Do not edit.
import type { ThreadUnsubscribeStatus } from "./ThreadUnsubscribeStatus";

/** What became of the subscription. */
export type ThreadUnsubscribeResponse = {
  /** How it stands. */
  status: ThreadUnsubscribeStatus;
};
