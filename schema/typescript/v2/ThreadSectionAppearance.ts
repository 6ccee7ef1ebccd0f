// Generated from the protocol crate. Do not edit.

/** How a section is shown. */
export type ThreadSectionAppearance = {
  /** Colour, in words of the client. */
  color: string | null;
  /** Icon, in words of the client. */
  icon: string | null;
};
