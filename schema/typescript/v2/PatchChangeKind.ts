// Generated from the protocol crate. Do not edit.

/** A kind of change. */
export type PatchChangeKind =
  /** The file is new. */
  | {
    type: "add";
  }
  | {
    type: "delete";
  }
  | {
    /** Its new path, if it moves. */
    move_path: string | null;
    type: "update";
  };
