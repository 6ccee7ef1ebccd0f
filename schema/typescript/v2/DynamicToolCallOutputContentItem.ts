// Generated from the protocol crate. Do not edit.

/** A piece of what a tool of the client returned. */
export type DynamicToolCallOutputContentItem =
  /** Text. */
  | {
    /** The text. */
    text: string;
    type: "inputText";
  }
  /** An image. */
  | {
    /** A `data:` URL. */
    imageUrl: string;
    type: "inputImage";
  }
  /** Audio. */
  | {
    /** A `data:` URL. */
    audioUrl: string;
    type: "inputAudio";
  };
