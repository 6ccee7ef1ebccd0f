// Generated from the protocol crate. Do not edit.
import type { BedrockProviderId } from "./BedrockProviderId";
import type { GcpProviderId } from "./GcpProviderId";

/** A provider, and what to change. */
export type ProviderSettingsPatch =
  /** A server that speaks the Responses API. */
  | {
    /** Root of its API. */
    baseUrl?: string | null;
    /** Environment variable with its key; null for none, absent to leave it. */
    envKey?: string | null;
    /** Its name, for people. */
    name?: string | null;
    /** The provider; absent for a new one, whose id is made from its name. */
    providerId?: string | null;
    type: "customGateway";
  }
  /** Amazon Bedrock. */
  | {
    /** Profile in the credentials file of AWS. */
    profile?: string | null;
    /** Which of its services. */
    providerId: BedrockProviderId;
    /** Region. */
    region?: string | null;
    type: "bedrock";
  }
  /** Google Cloud. */
  | {
    /** File with credentials. */
    credentialFile?: string | null;
    /** Region. */
    location?: string | null;
    /** Project. */
    projectId?: string | null;
    /** Its only service. */
    providerId: GcpProviderId;
    type: "gcp";
  };
