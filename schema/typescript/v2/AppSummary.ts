// Generated from the protocol crate. Do not edit.

/** An app, in short. */
export type AppSummary = {
  /** Its kind. */
  category: string | null;
  /** What it is for. */
  description: string | null;
  /** Its id. */
  id: string;
  /** Where to connect it. */
  installUrl: string | null;
  /** Its name. */
  name: string;
};
