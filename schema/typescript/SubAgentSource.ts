// Generated from the protocol crate. Do not edit.
import type { AgentPath } from "./AgentPath";
import type { ThreadId } from "./ThreadId";

/** Why an agent made a thread. */
export type SubAgentSource =
  /** To review changes. */
  | "review"
  /** To sum up a history. */
  | "compact"
  /** To tidy up memories. */
  | "memory_consolidation"
  /** Because an agent asked for help. */
  | {
    thread_spawn: {
      /** Nickname. */
      agent_nickname: string | null;
      /** Where it stands below its root thread. */
      agent_path: AgentPath | null;
      /** Role. */
      agent_role: string | null;
      /** How far below the root thread it is. */
      depth: number;
      /** The thread of the agent that asked. */
      parent_thread_id: ThreadId;
    };
  }
  /** Something else, in its own words. */
  | {
    other: string;
  };
