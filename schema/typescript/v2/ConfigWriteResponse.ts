// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { OverriddenMetadata } from "./OverriddenMetadata";
import type { WriteStatus } from "./WriteStatus";

/** It is written. */
export type ConfigWriteResponse = {
  /** The file. */
  filePath: AbsolutePathBuf;
  /** Why it does not hold, if so. */
  overriddenMetadata: OverriddenMetadata | null;
  /** Whether what was written holds. */
  status: WriteStatus;
  /** The version of the user's layer now. */
  version: string;
};
