// Generated from the protocol crate. Do not edit.
import type { ChatgptAuthTokensRefreshReason } from "./ChatgptAuthTokensRefreshReason";

/** Asks the client for new tokens. */
export type ChatgptAuthTokensRefreshParams = {
  /** The workspace of the old ones. */
  previousAccountId: string | null;
  /** Why. */
  reason: ChatgptAuthTokensRefreshReason;
};
