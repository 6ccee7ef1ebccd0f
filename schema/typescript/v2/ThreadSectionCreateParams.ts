// Generated from the protocol crate. Do not edit.
import type { ThreadSectionAppearance } from "./ThreadSectionAppearance";

/** Makes a section. */
export type ThreadSectionCreateParams = {
  /** How it is shown. */
  appearance?: ThreadSectionAppearance | null;
  /** Its name. */
  name: string;
};
