// Generated from the protocol crate. Do not edit.

/** An installed app. */
export type InstalledApp = {
  /** Whether it can be used. */
  callable: boolean;
  /** Whether it is on. */
  enabled: boolean;
  /** Its id. */
  id: string;
  /** Name of its tools. */
  runtimeName: string | null;
};
