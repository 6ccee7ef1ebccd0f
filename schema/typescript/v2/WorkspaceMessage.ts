// Generated from the protocol crate. Do not edit.
import type { WorkspaceMessageType } from "./WorkspaceMessageType";

/** A message of the workspace. */
export type WorkspaceMessage = {
  /** When it was taken back, in Unix seconds. */
  archivedAt: number | null;
  /** When it was made, in Unix seconds. */
  createdAt: number | null;
  /** The text. */
  messageBody: string;
  /** Its id. */
  messageId: string;
  /** Its kind. */
  messageType: WorkspaceMessageType;
};
