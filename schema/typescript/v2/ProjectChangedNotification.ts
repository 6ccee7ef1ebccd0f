// Generated from the protocol crate. Do not edit.
import type { ProjectChangeType } from "./ProjectChangeType";

/** A project was made, changed or deleted. */
export type ProjectChangedNotification = {
  /** What happened to it. */
  changeType: ProjectChangeType;
  /** The project. */
  projectId: string;
};
