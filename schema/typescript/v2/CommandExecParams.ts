// Generated from the protocol crate. Do not edit.
import type { CommandExecTerminalSize } from "./CommandExecTerminalSize";
import type { SandboxPolicy } from "./SandboxPolicy";

/** A command to run. */
export type CommandExecParams = {
  /** Program and arguments; not empty. */
  command: Array<string>;
  /** Folder to run it in, absolute or relative to the server's; the server's own by default. */
  cwd?: string | null;
  /** All output is kept or passed on. */
  disableOutputCap?: boolean;
  /** It may take as long as it likes. */
  disableTimeout?: boolean;
  /** Variables to set, or with null to unset, on top of those that the configuration lets through. */
  env?: { [key: string]: string | null } | null;
  /** Bytes of output that are kept or passed on per stream; 1048576 by default. */
  outputBytesCap?: number | null;
  /** The client's name for it, which `write`, `resize`, `terminate` and `outputDelta` use; one connection can't use it twice at a time. Needed for a terminal and for streams. */
  processId?: string | null;
  /** What it may touch; the configured sandbox by default. */
  sandboxPolicy?: SandboxPolicy | null;
  /** Size of the terminal; 24 rows and 80 columns by default. */
  size?: CommandExecTerminalSize | null;
  /** Its standard input can be written to; otherwise it is empty, unless there is a terminal. */
  streamStdin?: boolean;
  /** Its output comes as `command/exec/outputDelta`, and is not in the response. */
  streamStdoutStderr?: boolean;
  /** Milliseconds after which it is ended; 10000 by default. */
  timeoutMs?: number | null;
  /** It runs in a terminal, which takes the place of its three streams. */
  tty?: boolean;
};
