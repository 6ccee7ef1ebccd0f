// Generated from the protocol crate. Do not edit.

/** How closely the model looks at an image. */
export type ImageDetail = "auto" | "low" | "high" | "original";
