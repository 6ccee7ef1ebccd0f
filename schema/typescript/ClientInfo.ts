// Generated from the protocol crate. Do not edit.

/** Who is calling. */
export type ClientInfo = {
  /** Name of the program; part of the user agent, so it must be a valid HTTP header value. */
  name: string;
  /** Its name as people know it. */
  title?: string | null;
  /** Its version. */
  version: string;
};
