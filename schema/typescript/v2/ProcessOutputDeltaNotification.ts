// Generated from the protocol crate. Do not edit.
import type { ProcessOutputStream } from "./ProcessOutputStream";

/** Output of a process. */
export type ProcessOutputDeltaNotification = {
  /** The cap is reached: no more of this stream follows. */
  capReached: boolean;
  /** What was written, in base64; 64 KiB at most. */
  deltaBase64: string;
  /** Its name. */
  processHandle: string;
  /** Where it was written. */
  stream: ProcessOutputStream;
};
