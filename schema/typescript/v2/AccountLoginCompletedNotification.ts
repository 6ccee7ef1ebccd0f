// Generated from the protocol crate. Do not edit.
import type { DesktopOnboardingEntrypoint } from "./DesktopOnboardingEntrypoint";

/** A login ended. */
export type AccountLoginCompletedNotification = {
  /** Why it failed. */
  error: string | null;
  /** The login; null for those without an id. */
  loginId: string | null;
  /** Where the user should begin. */
  onboardingEntrypoint: DesktopOnboardingEntrypoint | null;
  /** Whether it went well. */
  success: boolean;
};
