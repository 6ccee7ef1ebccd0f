// Generated from the protocol crate. Do not edit.
import type { ThreadSectionAppearance } from "./ThreadSectionAppearance";

/** Changes a section. */
export type ThreadSectionUpdateParams = {
  /** How it is shown; absent changes nothing, null forgets it. */
  appearance?: ThreadSectionAppearance | null;
  /** Its name. */
  name: string;
  /** The section. */
  sectionId: string;
};
