// Generated from the protocol crate. Do not edit.

/** What it leads to. Links are followed. */
export type FsGetMetadataResponse = {
  /** When it was made, in Unix milliseconds; 0 if the file system doesn't know. */
  createdAtMs: number;
  /** A folder. */
  isDirectory: boolean;
  /** A regular file. */
  isFile: boolean;
  /** The path itself is a symbolic link. */
  isSymlink: boolean;
  /** When its content changed last, in Unix milliseconds; 0 if the file system doesn't know. */
  modifiedAtMs: number;
};
