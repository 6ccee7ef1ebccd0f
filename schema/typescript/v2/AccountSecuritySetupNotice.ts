// Generated from the protocol crate. Do not edit.
import type { AccountSecuritySetupAction } from "./AccountSecuritySetupAction";

/** Something that the account's owner should do. */
export type AccountSecuritySetupNotice = {
  /** The workspace. */
  accountId: string;
  /** What to offer. */
  action: AccountSecuritySetupAction;
  /** Why, for people. */
  description: string;
  /** Its title. */
  title: string;
  /** The user. */
  userId: string;
};
