// Generated from the protocol crate. Do not edit.

/** Why the hooks of a folder can't be read. */
export type HookErrorInfo = {
  /** What is wrong. */
  message: string;
  /** The folder. */
  path: string;
};
