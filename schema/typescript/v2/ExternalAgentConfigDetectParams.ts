// Generated from the protocol crate. Do not edit.

/** Where to look. */
export type ExternalAgentConfigDetectParams = {
  /** Projects; relative folders count from the server's. */
  cwds?: Array<string> | null;
  /** Whether to look in the user's home. */
  includeHome?: boolean;
  /** Accepted; without effect: sessions are not taken over. */
  maxSessionAgeDays?: number | null;
  /** Accepted; without effect: sessions are not taken over. */
  maxSessions?: number | null;
  /** The other agent; absent for Claude Code, the only one that is known. */
  migrationSource?: string | null;
  /** Accepted; without effect. */
  source?: string | null;
};
