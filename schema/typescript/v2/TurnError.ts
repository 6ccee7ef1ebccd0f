// Generated from the protocol crate. Do not edit.
import type { CodexErrorInfo } from "./CodexErrorInfo";
import type { MisalignmentErrorDetails } from "./MisalignmentErrorDetails";

/** Why a turn failed. */
export type TurnError = {
  /** What the model server said about it. */
  additionalDetails: string | null;
  /** What kind of failure, for programs. */
  codexErrorInfo: CodexErrorInfo | null;
  /** What happened and what can be done, for people. */
  message: string;
  /** The finding of a safety check. */
  misalignment: MisalignmentErrorDetails | null;
};
