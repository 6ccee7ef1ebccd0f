// Generated from the protocol crate. Do not edit.
import type { ThreadSection } from "./ThreadSection";

/** The section as it is now. */
export type ThreadSectionUpdateResponse = {
  /** The section. */
  section: ThreadSection;
};
