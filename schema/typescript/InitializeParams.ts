// Generated from the protocol crate. Do not edit.
import type { ClientInfo } from "./ClientInfo";
import type { InitializeCapabilities } from "./InitializeCapabilities";

/** The first request of every connection. */
export type InitializeParams = {
  /** What the client can do and wants. */
  capabilities?: InitializeCapabilities | null;
  /** Who is calling. */
  clientInfo: ClientInfo;
};
