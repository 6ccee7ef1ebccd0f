// Generated from the protocol crate. Do not edit.
import type { AccountSecuritySetupNotice } from "./AccountSecuritySetupNotice";

/** What the account's owner should do for its safety. */
export type GetAccountSecuritySetupResponse = {
  /** What to show; null for nothing. */
  notice: AccountSecuritySetupNotice | null;
};
