// Generated from the protocol crate. Do not edit.

/** A picture of an app. */
export type AppScreenshot = {
  /** Its file. */
  fileId: string | null;
  /** Its address. */
  url: string | null;
  /** What was said. */
  userPrompt: string;
};
