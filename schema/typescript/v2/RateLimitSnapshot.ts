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
  /** The account's plan. */
  planType: PlanType | null;
  /** The short window. */
  primary: RateLimitWindow | null;
  /** Which limit stopped the user, if one did. */
  rateLimitReachedType: RateLimitReachedType | null;
  /** The long window. */
  secondary: RateLimitWindow | null;
  /** Whether the spending limit is reached. */
  spendControlReached: boolean | null;
};
