// Generated from the protocol crate. Do not edit.
import type { RemoteControlConnectionStatus } from "./RemoteControlConnectionStatus";

/** Whether other devices can control this server. */
export type RemoteControlStatusChangedNotification = {
  /** What the account's servers call it; null unless it is on. */
  environmentId: string | null;
  /** The identifier of the home. */
  installationId: string;
  /** The name of this machine. */
  serverName: string;
  /** Whether it is on. */
  status: RemoteControlConnectionStatus;
};
