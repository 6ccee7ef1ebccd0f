// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** What to watch. */
export type FsWatchParams = {
  /** A file or a folder, there or not yet. Of a folder, its entries are watched, not theirs. */
  path: AbsolutePathBuf;
  /** A name for this watch, new in this connection. */
  watchId: string;
};
