// Generated from the protocol crate. Do not edit.

/** Which limit stopped a user. */
export type RateLimitReachedType =
  /** The rate limit. */
  | "rate_limit_reached"
  /** The credits of the workspace, as its owner sees it. */
  | "workspace_owner_credits_depleted"
  /** The credits of the workspace, as a member sees it. */
  | "workspace_member_credits_depleted"
  /** The limit of the workspace, as its owner sees it. */
  | "workspace_owner_usage_limit_reached"
  /** The limit of the workspace, as a member sees it. */
  | "workspace_member_usage_limit_reached";
