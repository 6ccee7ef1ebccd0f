// Generated from the protocol crate. Do not edit.

/** What to tell about limits. */
export type GetAccountRateLimitsParams = {
  /** Leave out the single reset credits. */
  excludeResetCreditDetails?: boolean;
  /** The client can show the reserve. Accepted; without effect. */
  supportsLunaReserve?: boolean;
};
