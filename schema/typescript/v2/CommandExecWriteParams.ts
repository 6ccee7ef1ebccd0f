// Generated from the protocol crate. Do not edit.

/** Something for the standard input of a command. One of the two has to be there. */
export type CommandExecWriteParams = {
  /** Close the input, after what is to be written. */
  closeStdin?: boolean;
  /** Bytes to write, in base64. */
  deltaBase64?: string | null;
  /** Its name. */
  processId: string;
};
