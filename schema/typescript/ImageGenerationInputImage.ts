// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "./AbsolutePathBuf";

/** An image that another was made from. */
export type ImageGenerationInputImage = {
  /** Its file. */
  path: AbsolutePathBuf;
  /** Hash of its content, in hexadecimal. */
  sha256: string;
};
