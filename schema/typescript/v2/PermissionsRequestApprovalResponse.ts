// Generated from the protocol crate. Do not edit.
import type { GrantedPermissionProfile } from "./GrantedPermissionProfile";
import type { PermissionGrantScope } from "./PermissionGrantScope";

/** The part that is granted. */
export type PermissionsRequestApprovalResponse = {
  /** The part of the permissions that is granted; nothing is a refusal. */
  permissions: GrantedPermissionProfile;
  /** For how long. */
  scope?: PermissionGrantScope;
  /** Whether a model is to review everything that the turn does from now on. With the scope `session` nothing is granted. */
  strictAutoReview?: boolean | null;
};
