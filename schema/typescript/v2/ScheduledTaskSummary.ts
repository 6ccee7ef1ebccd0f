// Generated from the protocol crate. Do not edit.
import type { ScheduledTaskSchedule } from "./ScheduledTaskSchedule";

/** Something that a plugin does by itself. */
export type ScheduledTaskSummary = {
  /** Names it. */
  key: string;
  /** Its name. */
  name: string;
  /** What is said. */
  prompt: string;
  /** When. */
  schedule: ScheduledTaskSchedule;
};
