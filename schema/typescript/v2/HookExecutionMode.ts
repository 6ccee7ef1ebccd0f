// Generated from the protocol crate. Do not edit.

/** Whether somebody waits for a run. */
export type HookExecutionMode =
  /** Yes. */
  | "sync"
  /** No. */
  | "async";
