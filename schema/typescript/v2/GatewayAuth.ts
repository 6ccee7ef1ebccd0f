// Generated from the protocol crate. Do not edit.

/** How requests to a provider are authorised. */
export type GatewayAuth =
  /** They are not. */
  | {
    mode: "none";
  }
  /** By a key in an environment variable. */
  | {
    /** Name of the variable. */
    envKey: string;
    mode: "environmentVariable";
  }
  /** By what the configuration file says beyond that. */
  | {
    /** Name of a variable, if there is one as well. */
    envKey: string | null;
    mode: "externallyConfigured";
  };
