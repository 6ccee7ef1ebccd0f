// Generated from the protocol crate. Do not edit.

/** Credentials of a turn's requests are obtained again. */
export type AuthRecoveryNotification = {
  /** What happens, for people. */
  message: string;
  /** Id of the provider. */
  provider: string;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};
