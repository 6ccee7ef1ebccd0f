// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Which path. */
export type FsGetMetadataParams = {
  /** The path. */
  path: AbsolutePathBuf;
};
