// Generated from the protocol crate. Do not edit.

/** Where a new user should begin. */
export type DesktopOnboardingEntrypoint =
  /** With the life sciences. */
  | "life_sciences";
