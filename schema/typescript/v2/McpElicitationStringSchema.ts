// Generated from the protocol crate. Do not edit.
import type { McpElicitationStringFormat } from "./McpElicitationStringFormat";
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** A text. */
export type McpElicitationStringSchema = {
  /** Its value unless the user gives another. */
  default?: string | null;
  /** What it is for. */
  description?: string | null;
  /** What kind of text. */
  format?: McpElicitationStringFormat | null;
  /** Most characters. */
  maxLength?: number | null;
  /** Fewest characters. */
  minLength?: number | null;
  /** Its name for people. */
  title?: string | null;
  /** What it is. */
  type: McpElicitationStringType;
};
