// Generated from the protocol crate. Do not edit.
import type { McpElicitationArrayType } from "./McpElicitationArrayType";
import type { McpElicitationTitledEnumItems } from "./McpElicitationTitledEnumItems";

/** A choice of several words, each with a name for people. */
export type McpElicitationTitledMultiSelectEnumSchema = {
  /** Its value unless the user gives another. */
  default?: Array<string> | null;
  /** What it is for. */
  description?: string | null;
  /** The words. */
  items: McpElicitationTitledEnumItems;
  /** How many at most. */
  maxItems?: number | null;
  /** How many at least. */
  minItems?: number | null;
  /** Its name for people. */
  title?: string | null;
  /** What it is. */
  type: McpElicitationArrayType;
};
