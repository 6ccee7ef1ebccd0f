// Generated from the protocol crate. Do not edit.

/** How a step stands. */
export type TurnPlanStepStatus =
  /** Not begun. */
  | "pending"
  /** Begun. */
  | "inProgress"
  /** Done. */
  | "completed";
