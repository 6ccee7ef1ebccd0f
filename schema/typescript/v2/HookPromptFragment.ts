// Generated from the protocol crate. Do not edit.

/** What one hook said to the model. */
export type HookPromptFragment = {
  /** The run of the hook. */
  hookRunId: string;
  /** The text. */
  text: string;
};
