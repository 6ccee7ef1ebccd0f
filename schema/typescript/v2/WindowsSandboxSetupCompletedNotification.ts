// Generated from the protocol crate. Do not edit.
import type { WindowsSandboxSetupMode } from "./WindowsSandboxSetupMode";

/** How it ended. */
export type WindowsSandboxSetupCompletedNotification = {
  /** Why it failed. */
  error: string | null;
  /** As it was asked. */
  mode: WindowsSandboxSetupMode;
  /** Whether it is set up now. */
  success: boolean;
};
