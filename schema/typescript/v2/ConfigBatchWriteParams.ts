// Generated from the protocol crate. Do not edit.
import type { ConfigEdit } from "./ConfigEdit";

/** Sets or removes several keys. */
export type ConfigBatchWriteParams = {
  /** In this order. */
  edits: Array<ConfigEdit>;
  /** The version of the user's layer that the client has seen; another one is a conflict. */
  expectedVersion?: string | null;
  /** The file; only the user's can be written. */
  filePath?: string | null;
  /** Whether loaded threads take up what they can. */
  reloadUserConfig?: boolean;
};
