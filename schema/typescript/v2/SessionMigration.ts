// Generated from the protocol crate. Do not edit.

/** A session. */
export type SessionMigration = {
  /** Its folder. */
  cwd: string;
  /** Its file. */
  path: string;
  /** For people. */
  title: string | null;
};
