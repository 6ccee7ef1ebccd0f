// Generated from the protocol crate. Do not edit.
import type { ThreadRealtimeBemItemPresentation } from "./ThreadRealtimeBemItemPresentation";
import type { ThreadRealtimeFrameChannels } from "./ThreadRealtimeFrameChannels";
import type { ThreadRealtimeHandoffMode } from "./ThreadRealtimeHandoffMode";
import type { ThreadRealtimeSessionOutcome } from "./ThreadRealtimeSessionOutcome";
import type { ThreadRealtimeTranscriptRole } from "./ThreadRealtimeTranscriptRole";

/** Something that happened in a voice session. */
export type ThreadRealtimeItem = {
  /** Its id. */
  id: string;
  /** When it happened, in Unix milliseconds. Histories of older programs don't say. */
  observedAtMs?: number | null;
  /** The session. */
  realtimeSessionId: string;
} & (
  /** It began. */
  | {
    type: "realtimeSessionStarted";
  }
  /** Somebody spoke. */
  | {
    /** Who speaks. */
    role: ThreadRealtimeTranscriptRole;
    /** The text. */
    text: string;
    type: "transcriptSegment";
  }
  /** Somebody spoke, as the history keeps it. */
  | {
    /** What was said. */
    channels: ThreadRealtimeFrameChannels;
    type: "frame";
  }
  /** A hand-off became input of a turn. */
  | {
    /** The hand-off. */
    handoff_id: string;
    /** What was handed over. */
    input: string;
    /** The item that it became. */
    input_item_id: string;
    /** Whether it began the turn. */
    mode: ThreadRealtimeHandoffMode;
    /** The items that it comes from. */
    source_event_ids: Array<string>;
    /** The turn. */
    turn_id: string;
    type: "turnInputAccepted";
  }
  /** What was said last was kept as input of the thread. */
  | {
    /** What was said. */
    input: string;
    /** The item that it became. */
    input_item_id: string;
    /** The items that it comes from. */
    source_event_ids: Array<string>;
    type: "sessionEndInputSaved";
  }
  /** An item of the thread was shown in the session. */
  | {
    /** The item. */
    item_id: string;
    /** How it was shown. */
    presentation: ThreadRealtimeBemItemPresentation;
    /** Its turn. */
    turn_id: string;
    type: "bemItemPromoted";
  }
  /** It ended. */
  | {
    /** How it ended. */
    outcome: ThreadRealtimeSessionOutcome;
    type: "realtimeSessionClosed";
  });
