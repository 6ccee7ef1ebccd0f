// Generated from the protocol crate. Do not edit.
import type { GuardianApprovalReview } from "./GuardianApprovalReview";
import type { GuardianApprovalReviewAction } from "./GuardianApprovalReviewAction";

/** A model reviews an approval. */
export type ItemGuardianApprovalReviewStartedNotification = {
  /** What is reviewed. */
  action: GuardianApprovalReviewAction;
  /** How it stands. */
  review: GuardianApprovalReview;
  /** Id of the review. */
  reviewId: string;
  /** When it began, in Unix milliseconds. */
  startedAtMs: number;
  /** The call that waits for it; its item's id, if it has one. */
  targetItemId: string | null;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};
