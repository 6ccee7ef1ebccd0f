// Generated from the protocol crate. Do not edit.

/** How an item is shown in a voice session. */
export type ThreadRealtimeBemItemPresentation =
  /** As a whole. */
  | {
    type: "wholeItem";
  }
  /** As text. */
  | {
    type: "inlineMarkdown";
  }
  /** One of its pictures. */
  | {
    /** Which one, from 0. */
    index: number;
    type: "inlineVisualization";
  };
