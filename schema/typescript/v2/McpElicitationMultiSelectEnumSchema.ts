// Generated from the protocol crate. Do not edit.
import type { McpElicitationTitledMultiSelectEnumSchema } from "./McpElicitationTitledMultiSelectEnumSchema";
import type { McpElicitationUntitledMultiSelectEnumSchema } from "./McpElicitationUntitledMultiSelectEnumSchema";

/** A choice of several. */
export type McpElicitationMultiSelectEnumSchema =
  /** Of words. */
  | McpElicitationUntitledMultiSelectEnumSchema
  /** Of words with names for people. */
  | McpElicitationTitledMultiSelectEnumSchema;
