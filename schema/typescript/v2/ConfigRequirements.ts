// Generated from the protocol crate. Do not edit.
import type { AskForApproval } from "./AskForApproval";
import type { CliAuthCredentialsStoreMode } from "./CliAuthCredentialsStoreMode";
import type { ForcedLoginMethod } from "../ForcedLoginMethod";
import type { ResidencyRequirement } from "./ResidencyRequirement";
import type { SandboxMode } from "./SandboxMode";
import type { WebSearchMode } from "../WebSearchMode";
import type { WindowsSandboxImplementation } from "./WindowsSandboxImplementation";
import type { JsonValue } from "../serde_json/JsonValue";

/** What the administrator demands; null where that is nothing. */
export type ConfigRequirements = {
  /** Told to models beside the user's own instructions. */
  additionalDeveloperInstructions: string | null;
  /** Whether applications may take pictures of themselves. */
  allowAppshots: boolean | null;
  /** Whether agents may use browsers and the desktop. */
  allowBrowserAndComputerUse: boolean | null;
  /** Whether commands may run in a login shell. */
  allowLoginShell: boolean | null;
  /** Whether only the administrator's hooks run. */
  allowManagedHooksOnly: boolean | null;
  /** Whether the server may be controlled from elsewhere. */
  allowRemoteControl: boolean | null;
  /** The approval policies to choose from. */
  allowedApprovalPolicies: Array<AskForApproval> | null;
  /** The ways to sign in. */
  allowedLoginMethods: Array<ForcedLoginMethod> | null;
  /** Permission profiles, and whether they may be chosen. */
  allowedPermissionProfiles: { [key: string]: boolean } | null;
  /** The sandbox modes to choose from. */
  allowedSandboxModes: Array<SandboxMode> | null;
  /** The ways to search the web. */
  allowedWebSearchModes: Array<WebSearchMode> | null;
  /** Sandboxes of Windows. */
  allowedWindowsSandboxImplementations: Array<WindowsSandboxImplementation> | null;
  /** The model that reviews approvals. */
  autoReview: JsonValue;
  /** Use of browsers. */
  browserUse: JsonValue;
  /** The account backend. */
  chatgptBaseUrl: string | null;
  /** Whether applications look for updates. */
  checkForUpdateOnStartup: boolean | null;
  /** Where credentials are kept. */
  cliAuthCredentialsStore: CliAuthCredentialsStoreMode | null;
  /** Use of the desktop. */
  computerUse: JsonValue;
  /** The permission profile of those who choose none. */
  defaultPermissions: string | null;
  /** Where data must stay. */
  enforceResidency: ResidencyRequirement | null;
  /** Features that are switched on or off for good. */
  featureRequirements: { [key: string]: boolean } | null;
  /** Feedback. */
  feedback: JsonValue;
  /** Browsers within applications. */
  inAppBrowser: JsonValue;
  /** Folder of logs. */
  logDir: string | null;
  /** File with a list of models. */
  modelCatalogJson: string | null;
  /** The model provider. */
  modelProvider: string | null;
  /** Model providers, by id; secrets are masked. */
  modelProviders: { [key: string]: JsonValue } | null;
  /** Defaults of models. */
  models: JsonValue;
  /** Telemetry; secrets are masked. */
  otel: JsonValue;
  /** Folder of databases. */
  sqliteHome: string | null;
};
