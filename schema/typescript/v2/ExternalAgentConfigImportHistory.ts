// Generated from the protocol crate. Do not edit.
import type { ExternalAgentConfigImportItemTypeFailure } from "./ExternalAgentConfigImportItemTypeFailure";
import type { ExternalAgentConfigImportItemTypeSuccess } from "./ExternalAgentConfigImportItemTypeSuccess";

/** An import that is over. */
export type ExternalAgentConfigImportHistory = {
  /** When it was over, Unix milliseconds. */
  completedAtMs: number;
  /** What was not. */
  failures: Array<ExternalAgentConfigImportItemTypeFailure>;
  /** Its id. */
  importId: string;
  /** Who has made it. */
  providerId: string | null;
  /** What was taken over. */
  successes: Array<ExternalAgentConfigImportItemTypeSuccess>;
};
