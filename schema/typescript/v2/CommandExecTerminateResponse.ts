// Generated from the protocol crate. Do not edit.

/** It is being ended; its own response tells how it ended. */
export type CommandExecTerminateResponse = Record<string, never>;
