// Generated from the protocol crate. Do not edit.
import type { AppBranding } from "./AppBranding";
import type { AppMetadata } from "./AppMetadata";

/** An app. */
export type AppInfo = {
  /** More about it. */
  appMetadata: AppMetadata | null;
  /** Who is behind it. */
  branding: AppBranding | null;
  /** What it is for. */
  description: string | null;
  /** How it is spread. */
  distributionChannel: string | null;
  /** Icons. */
  iconAssets: { [key: string]: string } | null;
  /** Icons on dark ground. */
  iconDarkAssets: { [key: string]: string } | null;
  /** Its id. */
  id: string;
  /** Where to connect it. */
  installUrl: string | null;
  /** Whether the account may use it. */
  isAccessible: boolean;
  /** Whether it is on. */
  isEnabled: boolean;
  /** Words for it. */
  labels: { [key: string]: string } | null;
  /** Logo. */
  logoUrl: string | null;
  /** Logo on dark ground. */
  logoUrlDark: string | null;
  /** Its name. */
  name: string;
  /** Plugins that it belongs to. */
  pluginDisplayNames: Array<string>;
};
