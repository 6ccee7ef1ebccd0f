// Generated from the protocol crate. Do not edit.

/** Gives up a login. */
export type CancelLoginAccountParams = {
  /** The login. */
  loginId: string;
};
