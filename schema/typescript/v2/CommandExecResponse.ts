// Generated from the protocol crate. Do not edit.

/** How a command ended. */
export type CommandExecResponse = {
  /** Its exit code: 128 + n after signal n, 124 if it took too long. */
  exitCode: number;
  /** What it wrote to standard error; empty if that was streamed. */
  stderr: string;
  /** What it wrote to standard output or its terminal; empty if that was streamed. */
  stdout: string;
};
