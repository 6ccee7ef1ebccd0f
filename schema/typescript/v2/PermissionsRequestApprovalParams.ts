// Generated from the protocol crate. Do not edit.
import type { LegacyAppPathString } from "../LegacyAppPathString";
import type { RequestPermissionProfile } from "./RequestPermissionProfile";

/** Asks for permissions beyond the sandbox. */
export type PermissionsRequestApprovalParams = {
  /** Working folder of the turn. */
  cwd: LegacyAppPathString;
  /** The environment; the machine of the server is `local`. */
  environmentId: string | null;
  /** Id of the call that asks. */
  itemId: string;
  /** What is asked for. */
  permissions: RequestPermissionProfile;
  /** Why, in the model's words. */
  reason: string | null;
  /** When the question came up, in Unix milliseconds. */
  startedAtMs: number;
  /** The thread. */
  threadId: string;
  /** The turn. */
  turnId: string;
};
