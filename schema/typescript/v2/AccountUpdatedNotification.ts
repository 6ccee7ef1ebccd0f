// Generated from the protocol crate. Do not edit.
import type { AccountUpdateReason } from "./AccountUpdateReason";
import type { AuthMode } from "../AuthMode";
import type { PlanType } from "../PlanType";

/** Somebody else is signed in, or nobody. */
export type AccountUpdatedNotification = {
  /** How; null when nobody is. */
  authMode: AuthMode | null;
  /** The account's plan. */
  planType: PlanType | null;
  /** What brought it about; null after a login or logout. */
  reason: AccountUpdateReason | null;
};
