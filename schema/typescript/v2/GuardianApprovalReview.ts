// Generated from the protocol crate. Do not edit.
import type { GuardianApprovalReviewStatus } from "./GuardianApprovalReviewStatus";
import type { GuardianRiskLevel } from "./GuardianRiskLevel";
import type { GuardianUserAuthorization } from "./GuardianUserAuthorization";

/** How a review stands. */
export type GuardianApprovalReview = {
  /** Why. */
  rationale: string | null;
  /** What is at stake. */
  riskLevel: GuardianRiskLevel | null;
  /** The status. */
  status: GuardianApprovalReviewStatus;
  /** How far the user's words cover it. */
  userAuthorization: GuardianUserAuthorization | null;
};
