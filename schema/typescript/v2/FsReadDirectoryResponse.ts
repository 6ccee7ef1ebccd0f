// Generated from the protocol crate. Do not edit.
import type { FsReadDirectoryEntry } from "./FsReadDirectoryEntry";

/** What is in a folder, in no order. */
export type FsReadDirectoryResponse = {
  /** Its entries. Links that lead nowhere are left out. */
  entries: Array<FsReadDirectoryEntry>;
};
