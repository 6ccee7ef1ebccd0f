// Generated from the protocol crate. Do not edit.
import type { FileUpdateChange } from "./FileUpdateChange";

/** A change of files, as far as the model has written it. */
export type FileChangePatchUpdatedNotification = {
  /** What changes, file by file. */
  changes: Array<FileUpdateChange>;
  /** The item. */
  itemId: string;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};
