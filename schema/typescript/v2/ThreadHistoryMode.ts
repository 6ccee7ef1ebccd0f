// Generated from the protocol crate. Do not edit.

/** How a thread's history is kept. */
export type ThreadHistoryMode =
  /** One file that is read as a whole. */
  | "legacy"
  /** Numbered lines that can be read page by page. */
  | "paginated";
