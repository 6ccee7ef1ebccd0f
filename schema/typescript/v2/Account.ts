// Generated from the protocol crate. Do not edit.
import type { PlanType } from "../PlanType";

/** An account. */
export type Account =
  /** An API key. */
  | {
    type: "apiKey";
  }
  /** A ChatGPT account. */
  | {
    /** Its address; null when unknown. */
    email: string | null;
    /** The account's plan. */
    planType: PlanType;
    type: "chatgpt";
    /** Its workspace. */
    workspaceName: string | null;
  }
  /** Amazon Bedrock. */
  | {
    type: "amazonBedrock";
    /** Whether the credentials were given to this server. */
    usesCodexManagedCredentials: boolean;
  }
  /** Google Cloud. */
  | {
    type: "gcp";
  };
