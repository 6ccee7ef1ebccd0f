// Generated from the protocol crate. Do not edit.
import type { AccountTokenUsageDailyBucket } from "./AccountTokenUsageDailyBucket";
import type { AccountTokenUsageSummary } from "./AccountTokenUsageSummary";
import type { ThreadUsage } from "./ThreadUsage";

/** How many tokens were used. */
export type GetAccountTokenUsageResponse = {
  /** Day by day. */
  dailyUsageBuckets: Array<AccountTokenUsageDailyBucket> | null;
  /** In sum. */
  summary: AccountTokenUsageSummary;
  /** Of the thread that was asked for. */
  threadUsage: ThreadUsage | null;
};
