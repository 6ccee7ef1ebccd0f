// Generated from the protocol crate. Do not edit.
import type { AppToolSummary } from "./AppToolSummary";

/** An app. */
export type ConnectorMetadata = {
  /** What it is for. */
  description: string | null;
  /** How it is spread. */
  distributionChannel: string | null;
  /** Icon. */
  iconUrl: string | null;
  /** Icon on dark ground. */
  iconUrlDark: string | null;
  /** Its id. */
  id: string;
  /** Where to connect it. */
  installUrl: string | null;
  /** Its name. */
  name: string;
  /** Plugins that it belongs to. */
  pluginDisplayNames: Array<string>;
  /** Its tools. */
  toolSummaries: Array<AppToolSummary> | null;
};
