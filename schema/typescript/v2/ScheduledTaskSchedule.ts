// Generated from the protocol crate. Do not edit.
import type { ScheduledTaskWeekday } from "./ScheduledTaskWeekday";

/** When something happens. */
export type ScheduledTaskSchedule =
  /** Every few hours. */
  | {
    /** On these days. */
    days: Array<ScheduledTaskWeekday> | null;
    /** Hours between. */
    intervalHours: number;
    type: "hourly";
  }
  /** Every day. */
  | {
    /** At this time. */
    time: string;
    type: "daily";
  }
  /** On all days of work. */
  | {
    /** At this time. */
    time: string;
    type: "weekdays";
  }
  /** On some days. */
  | {
    /** On these days. */
    days: Array<ScheduledTaskWeekday>;
    /** At this time. */
    time: string;
    type: "weekly";
  };
