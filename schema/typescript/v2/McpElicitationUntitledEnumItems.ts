// Generated from the protocol crate. Do not edit.
import type { McpElicitationStringType } from "./McpElicitationStringType";

/** Words to choose from. */
export type McpElicitationUntitledEnumItems = {
  /** The words. */
  enum: Array<string>;
  /** What it is. */
  type: McpElicitationStringType;
};
