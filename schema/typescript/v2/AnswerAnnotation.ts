// Generated from the protocol crate. Do not edit.
import type { HelplineSubject } from "./HelplineSubject";

/** What is shown beside a message. */
export type AnswerAnnotation =
  /** A helpline. */
  | {
    kind: "wellbeingHelpline";
    /** What gave rise to it. */
    subject: HelplineSubject;
  };
