// Generated from the protocol crate. Do not edit.
import type { ConfigRequirements } from "./ConfigRequirements";

/** What the administrator demands. */
export type ConfigRequirementsReadResponse = {
  /** All of it; null if it is nothing. */
  requirements: ConfigRequirements | null;
  /** Whether speeds can be chosen apart from models. */
  supportsIndependentSpeedModes: boolean | null;
};
