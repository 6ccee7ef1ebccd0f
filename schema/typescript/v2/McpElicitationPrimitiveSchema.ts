// Generated from the protocol crate. Do not edit.
import type { McpElicitationBooleanSchema } from "./McpElicitationBooleanSchema";
import type { McpElicitationEnumSchema } from "./McpElicitationEnumSchema";
import type { McpElicitationNumberSchema } from "./McpElicitationNumberSchema";
import type { McpElicitationStringSchema } from "./McpElicitationStringSchema";

/** A field of a form. */
export type McpElicitationPrimitiveSchema =
  /** A choice. */
  | McpElicitationEnumSchema
  /** A text. */
  | McpElicitationStringSchema
  /** A number. */
  | McpElicitationNumberSchema
  /** A switch. */
  | McpElicitationBooleanSchema;
