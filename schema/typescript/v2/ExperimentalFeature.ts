// Generated from the protocol crate. Do not edit.
import type { ExperimentalFeatureStage } from "./ExperimentalFeatureStage";

/** Something that can be switched on or off. */
export type ExperimentalFeature = {
  /** What to tell users about it. */
  announcement: string | null;
  /** Whether it is on unless configured. */
  defaultEnabled: boolean;
  /** What it does, for people. */
  description: string | null;
  /** Its name, for people. */
  displayName: string | null;
  /** Whether it is on. */
  enabled: boolean;
  /** Its name. */
  name: string;
  /** How mature it is. */
  stage: ExperimentalFeatureStage;
};
