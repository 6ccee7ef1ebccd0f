// Generated from the protocol crate. Do not edit.

/** Done. */
export type CommandExecResizeResponse = Record<string, never>;
