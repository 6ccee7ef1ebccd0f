// Generated from the protocol crate. Do not edit.
import type { McpElicitationNumberType } from "./McpElicitationNumberType";

/** A number. */
export type McpElicitationNumberSchema = {
  /** Its value unless the user gives another. */
  default?: number | null;
  /** What it is for. */
  description?: string | null;
  /** The largest. */
  maximum?: number | null;
  /** The smallest. */
  minimum?: number | null;
  /** Its name for people. */
  title?: string | null;
  /** What it is. */
  type: McpElicitationNumberType;
};
