// Generated from the protocol crate. Do not edit.
import type { InstalledApp } from "./InstalledApp";

/** Installed apps. */
export type AppsInstalledResponse = {
  /** The apps. */
  apps: Array<InstalledApp>;
};
