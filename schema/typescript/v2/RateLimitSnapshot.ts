// Generated from the protocol crate. Do not edit.
import type { CreditsSnapshot } from "./CreditsSnapshot";
import type { PlanType } from "../PlanType";
import type { RateLimitReachedType } from "./RateLimitReachedType";
import type { RateLimitWindow } from "./RateLimitWindow";
import type { SpendControlLimitSnapshot } from "./SpendControlLimitSnapshot";

/** How much of one limit is used. */
export type RateLimitSnapshot = {
  /** Credits of the account. */
  credits: CreditsSnapshot | null;
  /** The user's own spending limit. */
  individualLimit: SpendControlLimitSnapshot | null;
  /** Id of the limit. */
  limitId: string | null;
  /** Its name, for people. */
  limitName: string | null;
  /** The model that it is counted for. */
  normalModelSlug: string | null;
  /** The account's plan; null when it has none or nobody is signed in. */
  planType: PlanType | null;
  /** The shorter window; null if the limit has none. */
  primary: RateLimitWindow | null;
  /** Which limit stopped the user, if one did. */
  rateLimitReachedType: RateLimitReachedType | null;
  /** The longer window; null if the limit has none. */
  secondary: RateLimitWindow | null;
  /** Whether the spending limit is reached. */
  spendControlReached: boolean | null;
};
