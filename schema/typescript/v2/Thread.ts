// Generated from the protocol crate. Do not edit.
import type { AbsolutePathBuf } from "../AbsolutePathBuf";
import type { GitInfo } from "./GitInfo";
import type { ReasoningEffort } from "../ReasoningEffort";
import type { SessionSource } from "../SessionSource";
import type { ThreadHistoryMode } from "./ThreadHistoryMode";
import type { ThreadSection } from "./ThreadSection";
import type { ThreadSource } from "./ThreadSource";
import type { ThreadStatus } from "./ThreadStatus";
import type { Turn } from "./Turn";

/** A conversation with its metadata. */
export type Thread = {
  /** Nickname, if it is a sub-agent. */
  agentNickname: string | null;
  /** Role, if it is a sub-agent. */
  agentRole: string | null;
  /** Release of the server that made it. */
  cliVersion: string;
  /** When it was made, in Unix seconds. */
  createdAt: number;
  /** Working folder, absolute. */
  cwd: AbsolutePathBuf;
  /** Lives in memory only. */
  ephemeral: boolean;
  /** The thread that it was forked from. */
  forkedFromId: string | null;
  /** The repository that it was made in. */
  gitInfo: GitInfo | null;
  /** How the history is kept. */
  historyMode: ThreadHistoryMode;
  /** Its id, a UUID. */
  id: string;
  /** Model slug, the one of the last turn when it is not loaded. */
  model: string | null;
  /** Provider id, as in the configuration. */
  modelProvider: string;
  /** Name that the user gave it. */
  name: string | null;
  /** Program that made it, `clientInfo.name`. */
  originator: string | null;
  /** The thread whose agent started it. */
  parentThreadId: string | null;
  /** Its file. */
  path: string | null;
  /** First user message, shortened; empty before there is one. */
  preview: string;
  /** The project that the thread belongs to. */
  projectId: string | null;
  /** How hard the model thinks; null is its default. */
  reasoningEffort: ReasoningEffort | null;
  /** When it was last of interest to the user, in Unix seconds. */
  recencyAt: number | null;
  /** The section that the user put it in. */
  section: ThreadSection | null;
  /** When it was put there, in Unix seconds. */
  sectionEnteredAt: number | null;
  /** Id that all threads of a family of sub-agents share. */
  sessionId: string;
  /** Which kind of program made it. */
  source: SessionSource;
  /** How it stands. */
  status: ThreadStatus;
  /** What the thread is for, in words of the client. */
  threadSource: ThreadSource | null;
  /** Its turns, in answers that promise them; else empty. */
  turns: Array<Turn>;
  /** When it last changed, in Unix seconds. */
  updatedAt: number;
};
