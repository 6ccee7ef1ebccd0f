// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "./AbsolutePathBuf";

/** Where the client has arrived. */
export type InitializeResponse = {
  /** Home folder of the server, absolute. */
  codexHome: AbsolutePathBuf;
  /** `unix` or `windows`. */
  platformFamily: string;
  /** Operating system, such as `linux` or `macos`. */
  platformOs: string;
  /** User agent that the server sends to model servers. */
  userAgent: string;
};
