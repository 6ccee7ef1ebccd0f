// Generated from the protocol crate. Do not edit.
import type { ConnectorMetadata } from "./ConnectorMetadata";

/** The apps that are known. */
export type AppsReadResponse = {
  /** Those that are known. */
  apps: Array<ConnectorMetadata>;
  /** Ids of the others. */
  missingAppIds: Array<string>;
};
