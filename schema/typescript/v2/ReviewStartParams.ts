// Generated from the protocol crate. Do not edit.
import type { ReviewDelivery } from "./ReviewDelivery";
import type { ReviewTarget } from "./ReviewTarget";

/** Reviews changes in a turn of its own. A turn that runs is interrupted first. */
export type ReviewStartParams = {
  /** Where the review takes place; inline is the only way. */
  delivery?: ReviewDelivery | null;
  /** What to review. */
  target: ReviewTarget;
  /** The thread. */
  threadId: string;
};
