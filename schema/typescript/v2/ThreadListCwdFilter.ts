// Generated from the protocol crate. Do not edit.

/** One working folder, or several. */
export type ThreadListCwdFilter =
  /** One. */
  | string
  /** Several. */
  | Array<string>;
