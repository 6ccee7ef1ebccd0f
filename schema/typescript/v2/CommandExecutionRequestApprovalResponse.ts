// Generated from the protocol crate. Do not edit.
import type { CommandExecutionApprovalDecision } from "./CommandExecutionApprovalDecision";

/** The answer to the question whether a command may run. */
export type CommandExecutionRequestApprovalResponse = {
  /** The answer. */
  decision: CommandExecutionApprovalDecision;
};
