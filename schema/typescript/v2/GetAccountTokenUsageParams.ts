// Generated from the protocol crate. Do not edit.

/** Whose tokens to count. */
export type GetAccountTokenUsageParams = {
  /** Those of one thread; absent for the account's. */
  threadId?: string | null;
};
