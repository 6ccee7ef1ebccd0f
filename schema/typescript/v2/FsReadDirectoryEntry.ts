// Generated from the protocol crate. Do not edit.

/** An entry of a folder. Links are followed. */
export type FsReadDirectoryEntry = {
  /** Its name, without the folder. */
  fileName: string;
  /** A folder. */
  isDirectory: boolean;
  /** A regular file. */
  isFile: boolean;
};
