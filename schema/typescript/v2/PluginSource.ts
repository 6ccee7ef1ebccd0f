// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** Where the files of a plugin are. */
export type PluginSource =
  /** In a folder, absolute. */
  | {
    /** The folder. */
    path: AbsolutePathBuf;
    type: "local";
  }
  /** In a repository. */
  | {
    /** The folder. */
    path: string | null;
    /** Branch or tag. */
    refName: string | null;
    /** Commit. */
    sha: string | null;
    type: "git";
    /** Its address. */
    url: string;
  }
  /** In a package of npm. */
  | {
    /** Its name. */
    package: string;
    /** Where it is registered. */
    registry: string | null;
    type: "npm";
    /** Its version. */
    version: string | null;
  }
  /** With the account. */
  | {
    type: "remote";
  };
