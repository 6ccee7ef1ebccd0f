// Generated from the protocol crate. Do not edit.
import type { FileSystemAccessMode } from "./FileSystemAccessMode";
import type { FileSystemPath } from "./FileSystemPath";

/** What may be done with a place. */
export type FileSystemSandboxEntry = {
  /** What may be done. */
  access: FileSystemAccessMode;
  /** The place. */
  path: FileSystemPath;
};
