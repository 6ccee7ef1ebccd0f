// Generated from the protocol crate. Do not edit.

/** Which configuration to read. */
export type ConfigReadParams = {
  /** The folder that it is to hold in: layers of its project count. Relative to the server's working folder. */
  cwd?: string | null;
  /** Whether to tell the layers, too. */
  includeLayers?: boolean;
};
