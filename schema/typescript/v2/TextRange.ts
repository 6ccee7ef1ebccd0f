// Generated from the protocol crate. Do not edit.
import type { TextPosition } from "./TextPosition";

/** A range of a text file. */
export type TextRange = {
  /** Where it ends. */
  end: TextPosition;
  /** Where it begins. */
  start: TextPosition;
};
