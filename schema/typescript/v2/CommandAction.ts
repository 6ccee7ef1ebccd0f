// Generated from the protocol crate. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** What a part of a command line does, as far as can be told. */
export type CommandAction =
  | {
    /** The part of the command line. */
    command: string;
    /** Name of the file. */
    name: string;
    path: LegacyAppPathString;
    type: "read";
  }
  | {
    /** The part of the command line. */
    command: string;
    path: string | null;
    type: "listFiles";
  }
  | {
    /** The part of the command line. */
    command: string;
    path: string | null;
    query: string | null;
    type: "search";
  }
  | {
    /** The part of the command line. */
    command: string;
    type: "unknown";
  };
