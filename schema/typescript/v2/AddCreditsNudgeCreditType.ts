// Generated from the protocol crate. Do not edit.

/** What a workspace's owner is asked for. */
export type AddCreditsNudgeCreditType =
  /** Credits. */
  | "credits"
  /** A higher limit. */
  | "usage_limit";
