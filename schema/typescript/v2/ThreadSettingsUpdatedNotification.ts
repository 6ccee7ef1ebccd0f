// Generated from the protocol crate. Do not edit.
import type { ThreadSettings } from "./ThreadSettings";

/** A thread's settings changed. */
export type ThreadSettingsUpdatedNotification = {
  /** The thread. */
  threadId: string;
  /** All of them. */
  threadSettings: ThreadSettings;
};
