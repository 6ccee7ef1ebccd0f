// Generated from the protocol crate. Do not edit.
import type { AdditionalFileSystemPermissions } from "./AdditionalFileSystemPermissions";
import type { AdditionalNetworkPermissions } from "./AdditionalNetworkPermissions";

/** Permissions that are asked for. */
export type RequestPermissionProfile = {
  /** Files. */
  fileSystem: AdditionalFileSystemPermissions | null;
  /** Network. */
  network: AdditionalNetworkPermissions | null;
};
