// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** It is watched. */
export type FsWatchResponse = {
  /** The path, without `.` and `..`. */
  path: AbsolutePathBuf;
};
