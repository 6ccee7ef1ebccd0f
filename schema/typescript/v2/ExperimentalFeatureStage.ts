// Generated from the protocol crate. Do not edit.

/** How mature a feature is. */
export type ExperimentalFeatureStage =
  /** Ready to be tried. */
  | "beta"
  /** Not ready. */
  | "underDevelopment"
  /** Ready. */
  | "stable"
  /** On its way out. */
  | "deprecated"
  /** Gone; the switch has no effect. */
  | "removed";
