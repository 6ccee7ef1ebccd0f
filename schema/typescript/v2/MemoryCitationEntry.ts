// Generated from the protocol crate. Do not edit.

/** A place in the memories. */
export type MemoryCitationEntry = {
  /** Last line. */
  lineEnd: number;
  /** First line, from 1. */
  lineStart: number;
  /** What it says. */
  note: string;
  /** Its file, below the folder of memories. */
  path: string;
};
