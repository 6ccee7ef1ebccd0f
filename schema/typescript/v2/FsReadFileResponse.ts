// Generated from the protocol crate. Do not edit.

/** What is in it. */
export type FsReadFileResponse = {
  /** Its bytes, in base64. */
  dataBase64: string;
};
