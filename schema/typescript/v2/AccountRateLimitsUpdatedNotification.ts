// Generated from the protocol crate. Do not edit.
import type { RateLimitSnapshot } from "./RateLimitSnapshot";

/** How much of a limit is used changed. Members that are null are not known and leave older values in force. */
export type AccountRateLimitsUpdatedNotification = {
  /** The limit. */
  rateLimits: RateLimitSnapshot;
};
