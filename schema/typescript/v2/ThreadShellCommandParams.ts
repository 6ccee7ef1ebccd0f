// Generated from the protocol crate. Do not edit.

/** A command of the user. */
export type ThreadShellCommandParams = {
  /** What the user's shell runs; not blank. */
  command: string;
  /** The thread. */
  threadId: string;
  /** Milliseconds after which it is ended; an hour by default. */
  timeoutMs?: number | null;
};
