// Generated from the protocol crate. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";

/** A place with a name. */
export type FileSystemSpecialPath =
  /** Everything. */
  | {
    kind: "root";
  }
  /** What every program needs to start. */
  | {
    kind: "minimal";
  }
  /** The workspace roots. */
  | {
    kind: "project_roots";
    /** A path below them. */
    subpath: LegacyAppPathString | null;
  }
  /** The folder that `TMPDIR` names. */
  | {
    kind: "tmpdir";
  }
  /** `/tmp`. */
  | {
    kind: "slash_tmp";
  }
  /** A name of a later release. */
  | {
    kind: "unknown";
    /** The name. */
    path: string;
    /** A path below it. */
    subpath: LegacyAppPathString | null;
  };
