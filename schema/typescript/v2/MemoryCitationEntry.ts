// Generated from the protocol crate. Do not edit.

/** A place in the memories. */
export type MemoryCitationEntry = {
  lineEnd: number;
  /** First line, from 1. */
  lineStart: number;
  note: string;
  /** Its file, below the folder of memories. */
  path: string;
};
