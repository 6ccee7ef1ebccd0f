// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { NetworkAccess } from "./NetworkAccess";

/** What commands may touch, in full. */
export type SandboxPolicy =
  /** Anything; there is no sandbox. */
  | {
    type: "dangerFullAccess";
  }
  /** Read anything, write nothing. */
  | {
    /** Whether commands reach the network. */
    networkAccess: boolean;
    type: "readOnly";
  }
  /** The server itself runs in a sandbox; add none. */
  | {
    /** Whether that sandbox reaches the network. */
    networkAccess: NetworkAccess;
    type: "externalSandbox";
  }
  /** Read anything, write below the workspace roots. */
  | {
    /** `/tmp` is not writable. */
    excludeSlashTmp: boolean;
    /** The folder that `TMPDIR` names is not writable. */
    excludeTmpdirEnvVar: boolean;
    /** Whether commands reach the network. */
    networkAccess: boolean;
    type: "workspaceWrite";
    /** Further folders that are writable, absolute. */
    writableRoots: Array<AbsolutePathBuf>;
  };
