// Generated from the protocol crate. Do not edit.
import type { FileSystemSandboxEntry } from "./FileSystemSandboxEntry";
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** Files that may be touched beyond the sandbox. */
export type AdditionalFileSystemPermissions = {
  /** What may be done where. */
  entries: Array<FileSystemSandboxEntry> | null;
  /** How many folders deep patterns are looked for. */
  globScanMaxDepth: number | null;
  /** Paths that may be read. */
  read: Array<LegacyAppPathString> | null;
  /** Paths that may be written. */
  write: Array<LegacyAppPathString> | null;
};
