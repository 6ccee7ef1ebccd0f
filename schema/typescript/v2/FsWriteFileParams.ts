// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** What to write, and where. */
export type FsWriteFileParams = {
  /** All of its bytes, in base64. */
  dataBase64: string;
  /** The file. It is made if it is missing; its folder must exist. */
  path: AbsolutePathBuf;
};
