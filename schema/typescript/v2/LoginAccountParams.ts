// Generated from the protocol crate. Do not edit.
import type { LoginAppBrand } from "./LoginAppBrand";

/** Signs in. */
export type LoginAccountParams =
  /** With an API key. */
  | {
    /** The key. */
    apiKey: string;
    type: "apiKey";
  }
  /** With a browser on this machine. */
  | {
    /** How the closing page looks. */
    appBrand?: LoginAppBrand | null;
    /** Take the short way through the sign-in pages. */
    codexStreamlinedLogin?: boolean;
    type: "chatgpt";
    /** End on a page of the service instead of our own. */
    useHostedLoginSuccessPage?: boolean;
  }
  /** With a code that is typed in on any device. */
  | {
    type: "chatgptDeviceCode";
  }
  /** With tokens that the client owns and renews (`account/chatgptAuthTokens/refresh`). */
  | {
    /** The access token. */
    accessToken: string;
    /** The workspace that it is for. */
    chatgptAccountId: string;
    /** The plan; absent to take it from the token. */
    chatgptPlanType?: string | null;
    type: "chatgptAuthTokens";
  }
  /** With an API key of Amazon Bedrock. */
  | {
    /** The key. */
    apiKey: string;
    /** Region of the service. */
    region: string;
    type: "amazonBedrock";
  }
  /** With access keys of Amazon. */
  | {
    /** Id of the key. */
    accessKeyId: string;
    /** Region of the service. */
    region: string;
    /** The key. */
    secretAccessKey: string;
    /** Token of a temporary session. */
    sessionToken?: string | null;
    type: "amazonBedrockAccessKeys";
  };
