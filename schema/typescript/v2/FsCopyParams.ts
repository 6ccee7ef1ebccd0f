// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** What to copy, and where to. */
export type FsCopyParams = {
  /** The copy. */
  destinationPath: AbsolutePathBuf;
  /** With everything in it; folders need this. */
  recursive?: boolean;
  /** A file, a folder or a link. Links are copied as links. */
  sourcePath: AbsolutePathBuf;
};
