// Generated from the protocol crate. Do not edit.
import type { ImageDetail } from "./ImageDetail";

/** A piece of what a tool returned. */
export type FunctionCallOutputContentItem =
  /** Text. */
  | {
    /** The text. */
    text: string;
    type: "input_text";
  }
  /** An image. */
  | {
    /** How closely the model looks at it. */
    detail?: ImageDetail | null;
    type: "input_image";
  } & (
    | {
      /** A `data:` URL. */
      image_url: string;
    }
    | {
      /** Id in the provider's file store, in place of `image_url`. */
      file_id: string;
    })
  /** Audio. */
  | {
    type: "input_audio";
  } & (
    | {
      /** A `data:` URL. */
      audio_url: string;
    }
    | {
      /** Id in the provider's file store, in place of `audio_url`. */
      file_id: string;
    })
  /** Something that only the model server can read. */
  | {
    /** The sealed text. */
    encrypted_content: string;
    type: "encrypted_content";
  };
