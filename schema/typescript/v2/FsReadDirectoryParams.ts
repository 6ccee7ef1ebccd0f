// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Which folder to list. */
export type FsReadDirectoryParams = {
  /** The folder. */
  path: AbsolutePathBuf;
};
