// Generated from the protocol crate. Do not edit.
import type { ModelVerification } from "./ModelVerification";

/** The model server would like the account to be verified. */
export type ModelVerificationNotification = {
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
  /** For what. */
  verifications: Array<ModelVerification>;
};
