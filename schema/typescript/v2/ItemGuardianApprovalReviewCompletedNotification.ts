// Generated from the protocol crate. Do not edit.
import type { AutoReviewDecisionSource } from "./AutoReviewDecisionSource";
import type { GuardianApprovalReview } from "./GuardianApprovalReview";
import type { GuardianApprovalReviewAction } from "./GuardianApprovalReviewAction";

/** A model has reviewed an approval. */
export type ItemGuardianApprovalReviewCompletedNotification = {
  /** What was reviewed. */
  action: GuardianApprovalReviewAction;
  /** When it ended, in Unix milliseconds. */
  completedAtMs: number;
  /** Who decided. */
  decisionSource: AutoReviewDecisionSource;
  /** How it ended. */
  review: GuardianApprovalReview;
  /** Id of the review. */
  reviewId: string;
  /** When it began, in Unix milliseconds. */
  startedAtMs: number;
  /** The call that waited for it; its item's id, if it has one. */
  targetItemId: string | null;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};
