// Generated from the protocol crate. Do not edit.
import type { FileChangeApprovalDecision } from "./FileChangeApprovalDecision";

/** The answer. */
export type FileChangeRequestApprovalResponse = {
  /** The answer. */
  decision: FileChangeApprovalDecision;
};
