// Generated from the protocol crate. Do not edit.

/** The command has taken it. */
export type CommandExecWriteResponse = Record<string, never>;
