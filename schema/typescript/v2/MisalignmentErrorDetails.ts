// Generated from the protocol crate. Do not edit.
import type { MisalignmentSteer } from "./MisalignmentSteer";

/** The finding of a safety check. */
export type MisalignmentErrorDetails = {
  /** What was found, in detail. */
  detailedExplanation: string | null;
  /** What kind of finding, in words of the model server. */
  errorType: string | null;
  /** What was checked. */
  reviewTarget: string | null;
  /** What to tell the agent to bring it back. */
  steer: MisalignmentSteer | null;
};
