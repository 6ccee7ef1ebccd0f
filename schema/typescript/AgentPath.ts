// Generated from the protocol crate. Do not edit.

/** Where an agent stands below its root thread, as in `/root/worker`. */
export type AgentPath = string;
