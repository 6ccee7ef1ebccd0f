// Generated from the protocol crate. Do not edit.

/** What is shown in place of a message. */
export type AnswerReplacement =
  /** A helpline, because of what the user said. */
  | {
    kind: "wellbeingPromptHelpline";
  };
