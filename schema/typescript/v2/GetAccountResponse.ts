// Generated from the protocol crate. Do not edit.
import type { Account } from "./Account";

/** Who is signed in. */
export type GetAccountResponse = {
  /** The account; null when nobody is. */
  account: Account | null;
  /** Whether the provider in use needs an account. */
  requiresOpenaiAuth: boolean;
  /** Id of the user. */
  userId: string | null;
};
