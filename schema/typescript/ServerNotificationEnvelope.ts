// Generated from the protocol crate. Do not edit.
import type { ServerNotification } from "./ServerNotification";

/** A notification as it is sent. */
export type ServerNotificationEnvelope = {
  /** When the server sent it, in Unix milliseconds. */
  emittedAtMs?: number;
} & ServerNotification;
