// Generated from the protocol crate. Do not edit.

/** What the model did on the web. */
export type WebSearchAction =
  | {
    /** What for, when there were several. */
    queries: Array<string> | null;
    query: string | null;
    type: "search";
  }
  /** It opened a page. */
  | {
    type: "openPage";
    url: string | null;
  }
  /** It searched in a page. */
  | {
    pattern: string | null;
    type: "findInPage";
    url: string | null;
  }
  | {
    type: "other";
  };
