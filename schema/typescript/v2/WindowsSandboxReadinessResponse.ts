// Generated from the protocol crate. Do not edit.
import type { WindowsSandboxReadiness } from "./WindowsSandboxReadiness";

/** Whether it is set up. */
export type WindowsSandboxReadinessResponse = {
  /** Whether it is. */
  status: WindowsSandboxReadiness;
};
