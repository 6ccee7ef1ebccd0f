// Generated from the protocol crate. Do not edit.
import type { ThreadSectionAppearance } from "./ThreadSectionAppearance";

/** A section of the user's list of threads. */
export type ThreadSection = {
  /** How it is shown. */
  appearance: ThreadSectionAppearance | null;
  /** Its id. */
  id: string;
  /** Its name. */
  name: string;
};
