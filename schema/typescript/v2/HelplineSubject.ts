// Generated from the protocol crate. Do not edit.

/** What gave rise to showing a helpline. */
export type HelplineSubject =
  /** What the agent said. */
  | "answer"
  /** What the user said. */
  | "prompt";
