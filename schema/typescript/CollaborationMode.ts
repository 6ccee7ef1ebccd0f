// Generated from the protocol crate. Do not edit.
import type { ModeKind } from "./ModeKind";
import type { Settings } from "./Settings";

/** Plan or default mode, with what goes with it. */
export type CollaborationMode = {
  /** Which mode. */
  mode: ModeKind;
  /** What goes with it. */
  settings: Settings;
};
