// Generated from the protocol crate. Do not edit.
import type { McpElicitationObjectType } from "./McpElicitationObjectType";
import type { McpElicitationPrimitiveSchema } from "./McpElicitationPrimitiveSchema";

/** A form: an object with plain members. */
export type McpElicitationSchema = {
  /** The dialect of JSON Schema. */
  "$schema"?: string | null;
  /** Its fields. */
  properties: { [key: string]: McpElicitationPrimitiveSchema };
  /** Those that must be filled in. */
  required?: Array<string> | null;
  /** What it is. */
  type: McpElicitationObjectType;
};
