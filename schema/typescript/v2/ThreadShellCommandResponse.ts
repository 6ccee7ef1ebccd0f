// Generated from the protocol crate. Do not edit.

/** It is about to start; its item tells the rest. */
export type ThreadShellCommandResponse = Record<string, never>;
