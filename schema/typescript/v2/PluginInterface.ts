// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** How a plugin is shown. */
export type PluginInterface = {
  /** `#rrggbb`. */
  brandColor: string | null;
  /** What it can do. */
  capabilities: Array<string>;
  /** Its kind. */
  category: string | null;
  /** Icon in the composer, a file. */
  composerIcon: AbsolutePathBuf | null;
  /** The same elsewhere. */
  composerIconUrl: string | null;
  /** What to say to use it. */
  defaultPrompt: Array<string> | null;
  /** Who made it. */
  developerName: string | null;
  /** Name for people. */
  displayName: string | null;
  /** Logo, a file. */
  logo: AbsolutePathBuf | null;
  /** Logo on dark ground, a file. */
  logoDark: AbsolutePathBuf | null;
  /** Logo. */
  logoUrl: string | null;
  /** Logo on dark ground. */
  logoUrlDark: string | null;
  /** More for people. */
  longDescription: string | null;
  /** Its privacy policy. */
  privacyPolicyUrl: string | null;
  /** Pictures of it, elsewhere. */
  screenshotUrls: Array<string>;
  /** Pictures of it, files. */
  screenshots: Array<AbsolutePathBuf>;
  /** One line for people. */
  shortDescription: string | null;
  /** Its terms. */
  termsOfServiceUrl: string | null;
  /** Its page. */
  websiteUrl: string | null;
};
