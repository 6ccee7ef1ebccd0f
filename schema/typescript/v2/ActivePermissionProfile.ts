// Generated from the protocol crate. Do not edit.

/** A permission profile that was chosen by name. */
export type ActivePermissionProfile = {
  /** The profile that it builds on. */
  extends: string | null;
  /** Its name; those of built-in profiles begin with a colon. */
  id: string;
};
