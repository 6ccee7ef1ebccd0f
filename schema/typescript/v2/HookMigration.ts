// Generated from the protocol crate. Do not edit.

/** Hooks of an event. */
export type HookMigration = {
  /** The event. */
  name: string;
};
