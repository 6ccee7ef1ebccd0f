// Generated from the protocol crate. Do not edit.
import type { AppTemplateUnavailableReason } from "./AppTemplateUnavailableReason";

/** An app that a plugin would set up. */
export type AppTemplateSummary = {
  /** What it connects to. */
  canonicalConnectorId: string | null;
  /** Its kind. */
  category: string | null;
  /** What it is for. */
  description: string | null;
  /** Logo. */
  logoUrl: string | null;
  /** Logo on dark ground. */
  logoUrlDark: string | null;
  /** Apps that were made of it. */
  materializedAppIds: Array<string>;
  /** Its name. */
  name: string;
  /** Why it can't be had. */
  reason: AppTemplateUnavailableReason | null;
  /** Its id. */
  templateId: string;
};
