// Generated from the protocol crate. Do not edit.

/** A permission profile. */
export type PermissionProfileSummary = {
  /** Whether it may be chosen. */
  allowed: boolean;
  /** What it is for. */
  description: string | null;
  /** Its name; those of built-in profiles begin with a colon. */
  id: string;
};
