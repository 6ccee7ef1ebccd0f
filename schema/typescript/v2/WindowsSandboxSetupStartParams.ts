// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { WindowsSandboxSetupMode } from "./WindowsSandboxSetupMode";

/** How to set it up. */
export type WindowsSandboxSetupStartParams = {
  /** For this folder. */
  cwd?: AbsolutePathBuf | null;
  /** How. */
  mode: WindowsSandboxSetupMode;
};
