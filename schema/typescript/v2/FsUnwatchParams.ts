// Generated from the protocol crate. Do not edit.

/** Which watch to end. */
export type FsUnwatchParams = {
  /** The watch; an unknown one is none. */
  watchId: string;
};
