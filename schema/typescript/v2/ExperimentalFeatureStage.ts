// Generated from the protocol crate. Do not edit.

/** How mature a feature is. */
export type ExperimentalFeatureStage =
  | "underDevelopment" | "stable"
  /** Ready to be tried. */
  | "beta"
  /** On its way out. */
  | "deprecated"
  /** Gone; the switch has no effect. */
  | "removed";
