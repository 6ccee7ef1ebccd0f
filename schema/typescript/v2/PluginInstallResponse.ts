// Generated from the protocol crate. Do not edit.
import type { AppSummary } from "./AppSummary";
import type { PluginAuthPolicy } from "./PluginAuthPolicy";

/** It is installed. */
export type PluginInstallResponse = {
  /** Apps of it that ask for an account first. */
  appsNeedingAuth: Array<AppSummary>;
  /** When it asks for an account. */
  authPolicy: PluginAuthPolicy;
};
