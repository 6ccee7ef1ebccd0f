// Generated from the protocol crate. Do not edit.

/** A range of bytes of a UTF-8 text. */
export type ByteRange = {
  /** One past the last byte. */
  end: number;
  /** First byte. */
  start: number;
};
