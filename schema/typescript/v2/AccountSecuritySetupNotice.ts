// Generated from the protocol crate. Do not edit.
import type { AccountSecuritySetupAction } from "./AccountSecuritySetupAction";

/** Something that the account's owner should do. */
export type AccountSecuritySetupNotice = {
  accountId: string;
  action: AccountSecuritySetupAction;
  description: string;
  title: string;
  userId: string;
};
