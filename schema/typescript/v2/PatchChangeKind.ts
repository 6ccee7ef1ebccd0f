// Generated from the protocol crate. Do not edit.

/** A kind of change. */
export type PatchChangeKind =
  /** The file is new. */
  | {
    type: "add";
  }
  /** The file goes. */
  | {
    type: "delete";
  }
  /** The file changes. */
  | {
    /** Its new path, if it moves. */
    move_path: string | null;
    type: "update";
  };
