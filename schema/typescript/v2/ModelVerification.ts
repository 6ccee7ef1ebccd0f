// Generated from the protocol crate. Do not edit.

/** What an account can be verified for. */
export type ModelVerification =
  /** Cyber security. */
  | "trustedAccessForCyber";
