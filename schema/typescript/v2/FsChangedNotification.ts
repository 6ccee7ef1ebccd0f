// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** What has changed, within 200 ms. */
export type FsChangedNotification = {
  /** Paths that came, went, or have other content or permissions; sorted. The watched path itself may stand for all of them. */
  changedPaths: Array<AbsolutePathBuf>;
  /** The watch. */
  watchId: string;
};
