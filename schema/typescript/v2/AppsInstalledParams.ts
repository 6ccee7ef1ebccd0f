// Generated from the protocol crate. Do not edit.

/** Which installed apps to list. */
export type AppsInstalledParams = {
  /** Whether nothing that is kept counts. */
  forceRefresh?: boolean;
  /** The thread that they are for. */
  threadId?: string | null;
};
