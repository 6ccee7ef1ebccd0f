// Generated from the protocol crate. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** What a part of a command line does, as far as can be told. */
export type CommandAction =
  /** Reads a file. */
  | {
    /** The part of the command line. */
    command: string;
    /** Name of the file. */
    name: string;
    /** The file, absolute. */
    path: LegacyAppPathString;
    type: "read";
  }
  /** Lists files. */
  | {
    /** The part of the command line. */
    command: string;
    /** Where. */
    path: string | null;
    type: "listFiles";
  }
  /** Searches. */
  | {
    /** The part of the command line. */
    command: string;
    /** Where. */
    path: string | null;
    /** What for. */
    query: string | null;
    type: "search";
  }
  /** Something else. */
  | {
    /** The part of the command line. */
    command: string;
    type: "unknown";
  };
