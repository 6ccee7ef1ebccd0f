// Generated from the protocol crate. Do not edit.
import type { ImageDetail } from "../ImageDetail";
import type { TextElement } from "./TextElement";

/** A piece of what the user says. */
export type UserInput =
  /** Text. */
  | {
    /** The text. */
    text: string;
    /** Marked ranges of the text. */
    text_elements: Array<TextElement>;
    type: "text";
  }
  /** An image, inline or from the provider's file store. */
  | {
    /** How closely the model looks at it. */
    detail?: ImageDetail | null;
    type: "image";
  } & (
    | {
      /** A `data:` URL. */
      url: string;
    }
    | {
      /** Id in the provider's file store, in place of `url`. */
      fileId: string;
    })
  /** An image file on the server's machine. */
  | {
    /** How closely the model looks at it. */
    detail?: ImageDetail | null;
    /** Its path. */
    path: string;
    type: "localImage";
  }
  /** Audio, inline or from the provider's file store. */
  | {
    type: "audio";
  } & (
    | {
      /** A `data:` URL. */
      url: string;
    }
    | {
      /** Id in the provider's file store, in place of `url`. */
      fileId: string;
    })
  /** An audio file on the server's machine. */
  | {
    /** Its path. */
    path: string;
    type: "localAudio";
  }
  /** A skill that the user chose. */
  | {
    /** Its name. */
    name: string;
    /** Its SKILL.md. */
    path: string;
    type: "skill";
  }
  /** A file or app that the user pointed at. */
  | {
    /** Its name. */
    name: string;
    /** What it points to. */
    path: string;
    type: "mention";
  };
