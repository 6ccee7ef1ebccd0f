// Generated from the protocol crate. Do not edit.

/** Stops the running turn. */
export type TurnInterruptParams = {
  /** The thread. */
  threadId: string;
  /** The turn that the client believes to be running; empty stops whatever runs. */
  turnId: string;
};
