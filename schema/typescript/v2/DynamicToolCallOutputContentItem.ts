// Generated from the protocol crate. Do not edit.

/** A piece of what a tool of the client returned. */
export type DynamicToolCallOutputContentItem =
  | {
    text: string;
    type: "inputText";
  }
  | {
    /** A `data:` URL. */
    imageUrl: string;
    type: "inputImage";
  }
  | {
    /** A `data:` URL. */
    audioUrl: string;
    type: "inputAudio";
  };
