// Generated from the protocol crate. Do not edit.
import type { CommandExecTerminalSize } from "./CommandExecTerminalSize";

/** Another size for a terminal. */
export type CommandExecResizeParams = {
  /** Its name. */
  processId: string;
  /** The new size. */
  size: CommandExecTerminalSize;
};
