// Generated from the protocol crate. Do not edit.

/** How closely the model looks at an image. */
export type ImageDetail =
  /** The model decides. */
  | "auto"
  /** Coarsely. */
  | "low"
  /** In detail. */
  | "high"
  /** Pixel by pixel. */
  | "original";
