// Generated from the protocol crate. Do not edit.

/** What the user has to do on another device. */
export type GatewayOAuthPrompt = {
  /** The attempt. */
  loginId: string;
  /** What to type there. */
  userCode: string;
  /** Where. */
  verificationUrl: string;
};
