// Generated from the protocol crate. Do not edit.

/** Reads who is signed in. */
export type GetAccountParams = {
  /** Renew the tokens first. */
  refreshToken?: boolean;
};
