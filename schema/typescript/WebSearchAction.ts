// Generated from the protocol crate. Do not edit.

/** What the model did on the web. */
export type WebSearchAction =
  /** It searched. */
  | {
    /** What for, when there were several. */
    queries: Array<string> | null;
    /** What for. */
    query: string | null;
    type: "search";
  }
  /** It opened a page. */
  | {
    type: "openPage";
    /** The page. */
    url: string | null;
  }
  /** It searched in a page. */
  | {
    /** What for. */
    pattern: string | null;
    type: "findInPage";
    /** The page. */
    url: string | null;
  }
  /** Something else. */
  | {
    type: "other";
  };
