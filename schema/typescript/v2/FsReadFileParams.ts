// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Which file. */
export type FsReadFileParams = {
  /** The file. */
  path: AbsolutePathBuf;
};
