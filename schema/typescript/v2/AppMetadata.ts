// Generated from the protocol crate. Do not edit.
import type { AppReview } from "./AppReview";
import type { AppScreenshot } from "./AppScreenshot";

/** More about an app. */
export type AppMetadata = {
  /** Its kinds. */
  categories: Array<string> | null;
  /** Who made it. */
  developer: string | null;
  /** Whether it must be installed first. */
  firstPartyRequiresInstall: boolean | null;
  /** How it was judged. */
  review: AppReview | null;
  /** Pictures of it. */
  screenshots: Array<AppScreenshot> | null;
  /** Description for search engines. */
  seoDescription: string | null;
  /** Whether it is offered unconnected. */
  showInComposerWhenUnlinked: boolean | null;
  /** Its kinds, more closely. */
  subCategories: Array<string> | null;
  /** Its version. */
  version: string | null;
  /** Id of its version. */
  versionId: string | null;
  /** What is new. */
  versionNotes: string | null;
};
