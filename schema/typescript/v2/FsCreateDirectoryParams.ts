// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Which folder to make. */
export type FsCreateDirectoryParams = {
  /** The folder. */
  path: AbsolutePathBuf;
  /** Make the folders above it, too, and be content if it is there. True unless it is said. */
  recursive?: boolean | null;
};
