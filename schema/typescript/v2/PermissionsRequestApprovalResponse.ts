// Generated from the protocol crate. Do not edit.
import type { GrantedPermissionProfile } from "./GrantedPermissionProfile";
import type { PermissionGrantScope } from "./PermissionGrantScope";

/** The part that is granted. */
export type PermissionsRequestApprovalResponse = {
  /** The part of the permissions that is granted; nothing is a refusal. */
  permissions: GrantedPermissionProfile;
  /** For how long. */
  scope?: PermissionGrantScope;
  /** Whether a reviewing model looks at every use of them. Accepted and not used. */
  strictAutoReview?: boolean | null;
};
