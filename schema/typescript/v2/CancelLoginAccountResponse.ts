// Generated from the protocol crate. Do not edit.
import type { CancelLoginAccountStatus } from "./CancelLoginAccountStatus";

/** What became of it. */
export type CancelLoginAccountResponse = {
  /** How it stands. */
  status: CancelLoginAccountStatus;
};
