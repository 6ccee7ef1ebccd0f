// Generated from the protocol crate. Do not edit.
import type { CommandExecOutputStream } from "./CommandExecOutputStream";

/** Output of a command. */
export type CommandExecOutputDeltaNotification = {
  /** The cap is reached: no more of this stream follows. */
  capReached: boolean;
  /** What was written, in base64; 64 KiB at most. */
  deltaBase64: string;
  /** Its name. */
  processId: string;
  /** Where it was written. */
  stream: CommandExecOutputStream;
};
