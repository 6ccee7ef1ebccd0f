// Generated from the protocol crate. Do not edit.

/** A sign-in that has begun. */
export type McpServerOauthLoginResponse = {
  /** The page where the user signs in. */
  authorizationUrl: string;
  /** Names the sign-in. */
  loginId: string | null;
};
