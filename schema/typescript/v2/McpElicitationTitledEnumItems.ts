// Generated from the protocol crate. Do not edit.
import type { McpElicitationConstOption } from "./McpElicitationConstOption";

/** Words to choose from, each with a name for people. */
export type McpElicitationTitledEnumItems = {
  /** The words. */
  anyOf: Array<McpElicitationConstOption>;
};
