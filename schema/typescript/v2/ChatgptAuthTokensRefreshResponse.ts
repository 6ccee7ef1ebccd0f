// Generated from the protocol crate. Do not edit.

/** New tokens. */
export type ChatgptAuthTokensRefreshResponse = {
  /** The access token. */
  accessToken: string;
  /** The workspace that it is for. */
  chatgptAccountId: string;
  /** The plan; absent to take it from the token. */
  chatgptPlanType?: string | null;
};
