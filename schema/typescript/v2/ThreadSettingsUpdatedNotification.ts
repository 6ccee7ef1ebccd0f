// Generated from the protocol crate. Do not edit.
import type { ThreadSettings } from "./ThreadSettings";

/** A thread's settings changed. */
export type ThreadSettingsUpdatedNotification = {
  threadId: string;
  /** All settings, also those that did not change. */
  threadSettings: ThreadSettings;
};
