// Generated from the protocol crate. Do not edit.

/** Rows and columns, in characters. */
export type CommandExecTerminalSize = {
  /** Characters in a line, at least 1. */
  cols: number;
  /** Lines, at least 1. */
  rows: number;
};
