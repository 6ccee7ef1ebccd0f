// Generated from the protocol crate. Do not edit.
import type { McpElicitationConstOption } from "./McpElicitationConstOption";
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** A choice of one word, each with a name for people. */
export type McpElicitationTitledSingleSelectEnumSchema = {
  /** Its value unless the user gives another. */
  default?: string | null;
  /** What it is for. */
  description?: string | null;
  /** The words. */
  oneOf: Array<McpElicitationConstOption>;
  /** Its name for people. */
  title?: string | null;
  /** What it is. */
  type: McpElicitationStringType;
};
