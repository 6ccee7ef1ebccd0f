// Generated from the protocol crate. Do not edit.
import type { CyberAccessProgram } from "./CyberAccessProgram";

/** Programmes of extended access. */
export type ModelAccessPrograms = {
  /** For cyber security. */
  cyber: Array<CyberAccessProgram>;
};
