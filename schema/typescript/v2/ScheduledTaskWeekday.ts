// Generated from the protocol crate. Do not edit.

/** A day of the week. */
export type ScheduledTaskWeekday =
  /** Monday. */
  | "MO"
  /** Tuesday. */
  | "TU"
  /** Wednesday. */
  | "WE"
  /** Thursday. */
  | "TH"
  /** Friday. */
  | "FR"
  /** Saturday. */
  | "SA"
  /** Sunday. */
  | "SU";
