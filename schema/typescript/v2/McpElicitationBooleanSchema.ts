// Generated from the protocol crate. Do not edit.
import type { McpElicitationBooleanType } from "./McpElicitationBooleanType";

/** A switch. */
export type McpElicitationBooleanSchema = {
  /** Its value unless the user gives another. */
  default?: boolean | null;
  /** What it is for. */
  description?: string | null;
  /** Its name for people. */
  title?: string | null;
  /** What it is. */
  type: McpElicitationBooleanType;
};
