// Generated from the protocol crate. Do not edit.
import type { FileSystemSpecialPath } from "./FileSystemSpecialPath";
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** A place in the file system. */
export type FileSystemPath =
  /** A path. */
  | {
    /** The path. */
    path: LegacyAppPathString;
    type: "path";
  }
  /** All that a pattern matches. */
  | {
    /** The pattern. */
    pattern: string;
    type: "glob_pattern";
  }
  /** A place with a name. */
  | {
    type: "special";
    /** Which one. */
    value: FileSystemSpecialPath;
  };
