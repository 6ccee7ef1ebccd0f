// Generated from the protocol crate. Do not edit.

/** How an app was judged. */
export type AppReview = {
  /** The verdict. */
  status: string;
};
