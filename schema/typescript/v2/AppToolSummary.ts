// Generated from the protocol crate. Do not edit.

/** A tool of an app. */
export type AppToolSummary = {
  /** What it is for. */
  description: string;
  /** Why it is off. */
  disabledReason: string | null;
  /** Whether it is on. */
  isEnabled: boolean;
  /** Whether it changes nothing. */
  isReadOnly: boolean;
  /** Its name. */
  name: string;
  /** Name for people. */
  title: string | null;
};
