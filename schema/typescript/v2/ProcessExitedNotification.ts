// Generated from the protocol crate. Do not edit.

/** A process has ended. */
export type ProcessExitedNotification = {
  /** Its exit code: 128 + n after signal n, 124 if it took too long. */
  exitCode: number;
  /** Others held its pipes for more than 2 s after its end, and what they write is lost. */
  outputDrainTimedOut: boolean | null;
  /** Its name. */
  processHandle: string;
  /** What it wrote to standard error; empty if that was streamed. */
  stderr: string;
  /** It wrote more than the cap. */
  stderrCapReached: boolean;
  /** What it wrote to standard output or its terminal; empty if that was streamed. */
  stdout: string;
  /** It wrote more than the cap. */
  stdoutCapReached: boolean;
};
