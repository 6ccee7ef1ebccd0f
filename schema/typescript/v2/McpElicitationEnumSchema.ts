// Generated from the protocol crate. Do not edit.
import type { McpElicitationLegacyTitledEnumSchema } from "./McpElicitationLegacyTitledEnumSchema";
import type { McpElicitationMultiSelectEnumSchema } from "./McpElicitationMultiSelectEnumSchema";
import type { McpElicitationSingleSelectEnumSchema } from "./McpElicitationSingleSelectEnumSchema";

/** A choice. */
export type McpElicitationEnumSchema =
  /** Of one. */
  | McpElicitationSingleSelectEnumSchema
  /** Of several. */
  | McpElicitationMultiSelectEnumSchema
  /** Of one, in the former way. */
  | McpElicitationLegacyTitledEnumSchema;
