// Generated from the protocol crate. Do not edit.

/** How the login goes on. */
export type LoginAccountResponse =
  /** It is done. */
  | {
    type: "apiKey";
  }
  /** The user goes on in a browser. */
  | {
    /** The page to open. */
    authUrl: string;
    /** Id of the login, for `account/login/cancel`. */
    loginId: string;
    type: "chatgpt";
  }
  /** The user goes on, on any device. */
  | {
    /** Id of the login, for `account/login/cancel`. */
    loginId: string;
    type: "chatgptDeviceCode";
    /** The code to type in. */
    userCode: string;
    /** The page to open. */
    verificationUrl: string;
  }
  /** It is done. */
  | {
    type: "chatgptAuthTokens";
  }
  /** It is done. */
  | {
    type: "amazonBedrock";
  };
