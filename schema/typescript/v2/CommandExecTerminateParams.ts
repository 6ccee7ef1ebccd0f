// Generated from the protocol crate. Do not edit.

/** A command to end. */
export type CommandExecTerminateParams = {
  /** Its name. */
  processId: string;
};
