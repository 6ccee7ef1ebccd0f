// Generated from the protocol crate. Do not edit.

/** Why a thread is started. */
export type ThreadStartSource =
  /** The client has just been opened. */
  | "startup"
  /** The user cleared the conversation before. */
  | "clear";
