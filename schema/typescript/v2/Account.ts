// Generated from the protocol crate. Do not edit.
import type { PlanType } from "../PlanType";

/** An account. */
export type Account =
  | {
    type: "apiKey";
  }
  | {
    /** Its address; null when unknown. */
    email: string | null;
    planType: PlanType;
    type: "chatgpt";
    /** Name of the workspace; null while it is not known. */
    workspaceName: string | null;
  }
  | {
    type: "amazonBedrock";
    /** Whether the credentials were given to this server. */
    usesCodexManagedCredentials: boolean;
  }
  | {
    type: "gcp";
  };
