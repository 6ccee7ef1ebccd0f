// Generated from the protocol crate. Do not edit.
import type { TurnPlanStepStatus } from "./TurnPlanStepStatus";

/** A step of a plan. */
export type TurnPlanStep = {
  /** How it stands. */
  status: TurnPlanStepStatus;
  /** What is to be done. */
  step: string;
};
