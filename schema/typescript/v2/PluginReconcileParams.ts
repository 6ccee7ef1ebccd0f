// Generated from the protocol crate. Do not edit.

/** Why an account's plugins are compared. */
export type PluginReconcileParams = {
  /** For logs. */
  reason?: string | null;
};
