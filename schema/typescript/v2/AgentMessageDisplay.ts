// Generated from the protocol crate. Do not edit.
import type { AnswerAnnotation } from "./AnswerAnnotation";
import type { AnswerReplacement } from "./AnswerReplacement";
import type { BlockReason } from "./BlockReason";
import type { TrustedContacts } from "./TrustedContacts";

/** How a moderated message is shown. */
export type AgentMessageDisplay =
  /** As it is. */
  | {
    /** What to show beside it. */
    annotation: AnswerAnnotation | null;
    mode: "show";
    /** Whether to point at trusted contacts. */
    trustedContacts: TrustedContacts;
    /** Version of this form. */
    version: 1;
  }
  /** Something else is shown in its place. */
  | {
    mode: "hide";
    /** What is shown. */
    replacement: AnswerReplacement;
    /** Version of this form. */
    version: 1;
  }
  /** Only that it is withheld is shown, and why. */
  | {
    mode: "block";
    /** Why. */
    reason: BlockReason;
    /** Version of this form. */
    version: 1;
  };
