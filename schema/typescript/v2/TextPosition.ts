// Generated from the protocol crate. Do not edit.

/** A place in a text file. */
export type TextPosition = {
  /** Column, from 1. */
  column: number;
  /** Line, from 1. */
  line: number;
};
