// Generated from the protocol crate. Do not edit.
import type { ByteRange } from "./ByteRange";

/** A marked range of a text. */
export type TextElement = {
  /** Where it is. */
  byteRange: ByteRange;
  /** What the client shows in its place. */
  placeholder: string | null;
};
