// Generated from the protocol crate. Do not edit.
import type { InputModality } from "../InputModality";
import type { ModelAccessPrograms } from "./ModelAccessPrograms";
import type { ModelAvailabilityNux } from "./ModelAvailabilityNux";
import type { ModelServiceTier } from "./ModelServiceTier";
import type { ModelUpgradeInfo } from "./ModelUpgradeInfo";
import type { MultiAgentVersion } from "./MultiAgentVersion";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { ReasoningEffortOption } from "./ReasoningEffortOption";

/** A model. */
export type Model = {
  /** Faster tiers, under their former name. */
  additionalSpeedTiers: Array<string>;
  /** What to tell users who meet it first. */
  availabilityNux: ModelAvailabilityNux | null;
  /** Programmes of extended access; null when unknown. */
  availableAccessPrograms: ModelAccessPrograms | null;
  /** How hard it thinks unless told. */
  defaultReasoningEffort: ReasoningEffort;
  /** Service tier to begin with. */
  defaultServiceTier: string | null;
  /** What it is good for, for people. */
  description: string;
  /** Its name, for people. */
  displayName: string;
  /** Whether it is kept from users. */
  hidden: boolean;
  /** Its id. */
  id: string;
  /** What it takes. */
  inputModalities: Array<InputModality>;
  /** Whether it is the one to begin with. */
  isDefault: boolean;
  /** Its slug. */
  model: string;
  /** What it is made for, if not everything. */
  modelSpecialty: string | null;
  /** How it works with other agents. */
  multiAgentVersion: MultiAgentVersion | null;
  /** Its service tiers. */
  serviceTiers: Array<ModelServiceTier>;
  /** How hard it can think. */
  supportedReasoningEfforts: Array<ReasoningEffortOption>;
  /** Whether its way of talking can be chosen; no model can any more. */
  supportsPersonality: boolean;
  /** A newer model that replaces it. */
  upgrade: string | null;
  /** More about that one. */
  upgradeInfo: ModelUpgradeInfo | null;
};
