// Generated from the protocol crate. Do not edit.
import type { ThreadAttachment } from "./ThreadAttachment";
import type { ThreadAttachmentAddOutcome } from "./ThreadAttachmentAddOutcome";

/** The attachment. */
export type ThreadAttachmentAddResponse = {
  /** The attachment. */
  attachment: ThreadAttachment;
  /** Whether it is new. */
  outcome: ThreadAttachmentAddOutcome;
};
