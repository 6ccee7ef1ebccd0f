// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** What to remove. */
export type FsRemoveParams = {
  /** Be content if there is nothing. True unless it is said. */
  force?: boolean | null;
  /** A file or a folder. Of a link, the link itself is removed. */
  path: AbsolutePathBuf;
  /** With everything in it. True unless it is said. */
  recursive?: boolean | null;
};
