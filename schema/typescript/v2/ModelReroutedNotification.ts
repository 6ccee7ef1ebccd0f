// Generated from the protocol crate. Do not edit.
import type { ModelRerouteReason } from "./ModelRerouteReason";

/** Another model answers than was asked. */
export type ModelReroutedNotification = {
  /** The one that was asked. */
  fromModel: string;
  /** Why. */
  reason: ModelRerouteReason;
  /** The thread. */
  threadId: string;
  /** The one that answers. */
  toModel: string;
  /** The turn. */
  turnId: string;
};
