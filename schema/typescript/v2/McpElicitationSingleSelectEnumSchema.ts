// Generated from the protocol crate. Do not edit.
import type { McpElicitationTitledSingleSelectEnumSchema } from "./McpElicitationTitledSingleSelectEnumSchema";
import type { McpElicitationUntitledSingleSelectEnumSchema } from "./McpElicitationUntitledSingleSelectEnumSchema";

/** A choice of one. */
export type McpElicitationSingleSelectEnumSchema =
  /** Of words. */
  | McpElicitationUntitledSingleSelectEnumSchema
  /** Of words with names for people. */
  | McpElicitationTitledSingleSelectEnumSchema;
