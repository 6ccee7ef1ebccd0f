// Generated from the protocol crate. Do not edit.

/** Who is behind an app. */
export type AppBranding = {
  /** Its kind. */
  category: string | null;
  /** Who made it. */
  developer: string | null;
  /** Whether it is listed. */
  isDiscoverableApp: boolean;
  /** Its privacy policy. */
  privacyPolicy: string | null;
  /** Its terms. */
  termsOfService: string | null;
  /** Its page. */
  website: string | null;
};
