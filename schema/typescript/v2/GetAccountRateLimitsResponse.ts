// Generated from the protocol crate. Do not edit.
import type { RateLimitResetCreditsSummary } from "./RateLimitResetCreditsSummary";
import type { RateLimitSnapshot } from "./RateLimitSnapshot";
import type { JsonValue } from "../serde_json/JsonValue";

/** How much of the account's limits is used. */
export type GetAccountRateLimitsResponse = {
  /** The workspace. */
  accountId: string | null;
  /** Whether ordinary requests are let through. */
  ordinaryUsageAllowed: boolean | null;
  /** Credits that start a limit afresh. */
  rateLimitResetCredits: RateLimitResetCreditsSummary | null;
  /** What the service offers at the limit, as it says it. */
  rateLimitUpsell: JsonValue;
  /** The main limit. */
  rateLimits: RateLimitSnapshot;
  /** All limits, by id. */
  rateLimitsByLimitId: { [key: string]: RateLimitSnapshot } | null;
};
