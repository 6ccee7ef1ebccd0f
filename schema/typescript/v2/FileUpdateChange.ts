// Generated from the protocol crate. Do not edit.
import type { PatchChangeKind } from "./PatchChangeKind";

/** A change of one file. */
export type FileUpdateChange = {
  /** The change as a unified diff; all of the text of a new or deleted file. */
  diff: string;
  /** What kind of change. */
  kind: PatchChangeKind;
  /** The file. */
  path: string;
};
