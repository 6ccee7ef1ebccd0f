// Generated from the protocol crate. Do not edit.

/** Whether it has begun. */
export type WindowsSandboxSetupStartResponse = {
  /** It has. */
  started: boolean;
};
