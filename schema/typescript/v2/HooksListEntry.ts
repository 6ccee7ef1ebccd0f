// Generated from the protocol crate. Do not edit.
import type { HookErrorInfo } from "./HookErrorInfo";
import type { HookMetadata } from "./HookMetadata";

/** The hooks of a folder. */
export type HooksListEntry = {
  /** The folder. */
  cwd: string;
  /** Why the configuration can't be read. */
  errors: Array<HookErrorInfo>;
  /** The hooks in the order in which they run. */
  hooks: Array<HookMetadata>;
  /** What is wrong with single hooks. */
  warnings: Array<string>;
};
