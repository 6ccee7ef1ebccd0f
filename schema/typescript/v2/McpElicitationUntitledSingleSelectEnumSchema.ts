// Generated from the protocol crate. Do not edit.
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** A choice of one word. */
export type McpElicitationUntitledSingleSelectEnumSchema = {
  /** Its value unless the user gives another. */
  default?: string | null;
  /** What it is for. */
  description?: string | null;
  /** The words. */
  enum: Array<string>;
  /** Its name for people. */
  title?: string | null;
  /** What it is. */
  type: McpElicitationStringType;
};
