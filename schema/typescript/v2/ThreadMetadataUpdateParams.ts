// Generated from the protocol crate. Do not edit.
import type { ThreadMetadataGitInfoUpdateParams } from "./ThreadMetadataGitInfoUpdateParams";

/** Changes a thread's metadata. What is absent stays. */
export type ThreadMetadataUpdateParams = {
  /** What it says about its repository. */
  gitInfo?: ThreadMetadataGitInfoUpdateParams | null;
  /** The thread. */
  threadId: string;
};
