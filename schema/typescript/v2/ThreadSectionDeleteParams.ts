// Generated from the protocol crate. Do not edit.

/** Deletes a section; its threads stay. */
export type ThreadSectionDeleteParams = {
  /** The section. */
  sectionId: string;
};
