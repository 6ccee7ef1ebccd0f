// Generated from the protocol crate. Do not edit.

/** What threads are ordered by. */
export type ThreadSortKey =
  /** When they were made. */
  | "created_at"
  /** When they last changed. */
  | "updated_at"
  /** When they were last of interest to the user. */
  | "recency_at"
  /** Where the user put them in their section. */
  | "section_position";
