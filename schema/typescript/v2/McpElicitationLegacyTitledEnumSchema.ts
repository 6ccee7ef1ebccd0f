// Generated from the protocol crate. Do not edit.
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** A choice of one word, with names for people in a list of their own. */
export type McpElicitationLegacyTitledEnumSchema = {
  /** Its value unless the user gives another. */
  default?: string | null;
  /** What it is for. */
  description?: string | null;
  /** The words. */
  enum: Array<string>;
  /** Their names for people. */
  enumNames?: Array<string> | null;
  /** Its name for people. */
  title?: string | null;
  /** What it is. */
  type: McpElicitationStringType;
};
