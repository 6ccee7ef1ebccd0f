// Generated from the protocol crate. Do not edit.

/** What to tell an agent to bring it back to its task. */
export type MisalignmentSteer = {
  /** The text. */
  message: string;
};
