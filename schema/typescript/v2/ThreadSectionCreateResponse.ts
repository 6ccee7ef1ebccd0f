// Generated from the protocol crate. Do not edit.
import type { ThreadSection } from "./ThreadSection";

/** The new section. */
export type ThreadSectionCreateResponse = {
  /** The section. */
  section: ThreadSection;
};
