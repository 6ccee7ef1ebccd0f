// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";

/** What a layer is. */
export type ConfigLayerSource =
  /** The administrator's defaults. */
  | {
    /** Its file, which need not exist. */
    file: AbsolutePathBuf;
    type: "system";
  }
  /** The user's own. */
  | {
    /** Its file, which need not exist. */
    file: AbsolutePathBuf;
    /** Name of the profile, if it is one's. */
    profile: string | null;
    type: "user";
  }
  /** A project's. */
  | {
    /** The folder that holds its `config.toml`. */
    dotCodexFolder: AbsolutePathBuf;
    type: "project";
  }
  /** The command line, and the `config` of `thread/start`. */
  | {
    type: "sessionFlags";
  }
  /** What the administrator wants whatever others say. */
  | {
    /** Its file. */
    file: AbsolutePathBuf;
    type: "legacyManagedConfigTomlFromFile";
  };
