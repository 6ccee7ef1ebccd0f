// Generated from the protocol crate. Do not edit.
import type { DynamicToolCallOutputContentItem } from "./DynamicToolCallOutputContentItem";

/** What came of it. */
export type DynamicToolCallResponse = {
  /** What the model reads. */
  contentItems: Array<DynamicToolCallOutputContentItem>;
  /** Whether it went well; if not, the item is `failed`. */
  success: boolean;
};
