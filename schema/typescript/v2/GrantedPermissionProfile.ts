// Generated from the protocol crate. Do not edit.
import type { AdditionalFileSystemPermissions } from "./AdditionalFileSystemPermissions";
import type { AdditionalNetworkPermissions } from "./AdditionalNetworkPermissions";

/** Permissions that are granted. */
export type GrantedPermissionProfile = {
  /** Files. */
  fileSystem?: AdditionalFileSystemPermissions | null;
  /** Network. */
  network?: AdditionalNetworkPermissions | null;
};
