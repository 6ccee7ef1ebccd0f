// Generated from the protocol crate. Do not edit.
import type { NonSteerableTurnKind } from "./NonSteerableTurnKind";

/** What kind of failure ended a turn. */
export type CodexErrorInfo =
  /** The conversation no longer fits into the model. */
  | "contextWindowExceeded"
  /** The budget of the session is spent. */
  | "sessionBudgetExceeded"
  /** The account's limit is reached. */
  | "usageLimitExceeded"
  /** Too many requests. */
  | "rateLimitExceeded"
  /** There is no room in the flexible service tier. */
  | "flexUnavailable"
  /** The model server has too much to do. */
  | "serverOverloaded"
  /** The model does not exist, or not for this account. */
  | "modelNotFound"
  /** The safety check has too much to do. */
  | "policyCapacityUnavailable"
  /** The cyber policy of the model server forbids it. */
  | "cyberPolicy"
  /** The model server refused the request as a possible biological risk. */
  | "bioPolicy"
  /** A safety check found the agent off its task. */
  | "misalignmentPolicyViolation"
  /** The reviewer refused too often. */
  | "tooManyDenials"
  /** The model server failed. */
  | "internalServerError"
  /** The account is not signed in, or its tokens are no longer good. */
  | "unauthorized"
  /** The model server did not understand the request. */
  | "badRequest"
  /** The history could not be shortened. */
  | "threadRollbackFailed"
  /** The sandbox could not be set up. */
  | "sandboxError"
  /** A hook forbade the request. */
  | "inferenceHookDenied"
  /** Anything else. */
  | "other"
  /** The model server could not be reached. */
  | {
    httpConnectionFailed: {
      /** HTTP status, if there was an answer. */
      httpStatusCode: number | null;
    };
  }
  /** The model server did not start to answer. */
  | {
    responseStreamConnectionFailed: {
      /** HTTP status, if there was an answer. */
      httpStatusCode: number | null;
    };
  }
  /** The answer broke off. */
  | {
    responseStreamDisconnected: {
      /** HTTP status, if there was an answer. */
      httpStatusCode: number | null;
    };
  }
  /** It was tried again too often. */
  | {
    responseTooManyFailedAttempts: {
      /** HTTP status, if there was an answer. */
      httpStatusCode: number | null;
    };
  }
  /** The running turn takes no input. */
  | {
    activeTurnNotSteerable: {
      /** What kind of turn is running. */
      turnKind: NonSteerableTurnKind;
    };
  };
