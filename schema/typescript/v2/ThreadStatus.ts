// Generated from the protocol crate. Do not edit.
import type { ThreadActiveFlag } from "./ThreadActiveFlag";

/** How a thread stands. */
export type ThreadStatus =
  /** Only its file exists. */
  | {
    type: "notLoaded";
  }
  /** Loaded, no turn is running. */
  | {
    type: "idle";
  }
  /** Loaded, its last turn failed. */
  | {
    type: "systemError";
  }
  /** A turn is running. */
  | {
    /** What it waits for, if anything. */
    activeFlags: Array<ThreadActiveFlag>;
    type: "active";
  };
