//! The engine's errors: their words, codes and data towards the client, as docs/contract promises them. The texts of
//! [`CoreError`] itself are for the log and for tests.

use codex_app_server_protocol::ErrorObject;
use codex_app_server_protocol::error::{INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND};
use codex_core::{
    Error as CoreError, ErrorKind, Field, Holder, LoginKind, Media, ProcessControlError, SandboxSetting,
    SectionOperation, ThreadId, ThreadOperation, TurnError, TurnOperation,
};
use serde_json::json;

use super::error::RpcError;
use crate::convert::thread::read_state_to_wire;
use crate::convert::turn::error_to_wire;

impl From<ProcessControlError> for RpcError {
    fn from(error: ProcessControlError) -> Self {
        match error {
            ProcessControlError::Io(_) => Self::internal(format!("failed to write stdin: {error}")),
            _ => Self::invalid(error.to_string()),
        }
    }
}

impl From<CoreError> for RpcError {
    /// The words, codes and data of docs/contract for each kind of error.
    fn from(error: CoreError) -> Self {
        let invalid = |message: String| Self::invalid(message);
        let params = |message: String| Self::params(message);
        let unsupported = |message: String| Self(ErrorObject::new(METHOD_NOT_FOUND, message));
        match error {
            CoreError::ThreadNotFound(id) => invalid(format!("thread not found: {id}")),
            CoreError::NotLoaded(id) => invalid(format!("thread not loaded: {id}")),
            CoreError::RolloutNotFound(id) => invalid(format!("no rollout found for thread id {id}")),
            CoreError::ArchivedRolloutNotFound(id) => {
                invalid(format!("no archived rollout found for thread id {id}"))
            }
            CoreError::NoRolloutAt(path) => invalid(format!(
                "failed to resolve rollout path `{}`: file does not exist",
                path.display()
            )),
            CoreError::StalePath {
                thread,
                requested,
                active,
            } => invalid(format!(
                "cannot resume running thread {thread} with stale path: requested `{}`, active `{}`",
                requested.display(),
                active.display()
            )),
            CoreError::NoThreadNamed => invalid("threadId or path must be given".to_owned()),
            CoreError::Archived(id) => invalid(format!(
                "session {id} is archived. Run `codex unarchive {id}` to unarchive it first."
            )),
            CoreError::Ephemeral {
                thread,
                operation: operation @ (ThreadOperation::ListTimeline | ThreadOperation::SearchOccurrences),
            } => unsupported(ephemeral(thread, operation)),
            CoreError::Ephemeral { thread, operation } => invalid(ephemeral(thread, operation)),
            CoreError::NotPersisted { thread, operation } => invalid(not_persisted(thread, operation)),
            CoreError::Unsupported(ThreadOperation::Revert) => {
                invalid("thread/revert only supports paginated threads".to_owned())
            }
            CoreError::Unsupported(ThreadOperation::ListTurns) => {
                unsupported("list_turns is not supported yet".to_owned())
            }
            CoreError::Unsupported(operation) => {
                unsupported(format!("{} is not supported yet", name(operation)))
            }
            CoreError::Locked { thread, holder } => {
                let holder = holder.map_or_else(
                    || "another process".to_owned(),
                    |Holder { pid, name }| format!("process {pid} ({name})"),
                );
                invalid(format!(
                    "thread {thread} already has an active writer: {holder} has it. Close the thread there, or fork it"
                ))
            }
            CoreError::HasAttachedThread { attached } => invalid(format!(
                "cannot delete thread while attached thread {attached} exists; delete the attached thread first"
            )),
            CoreError::HasForks(id) => invalid(format!(
                "cannot delete thread {id}: forked history still references it"
            )),
            CoreError::EphemeralForkWithTurns => {
                invalid("ephemeral paginated thread/fork requires `excludeTurns: true`".to_owned())
            }
            CoreError::NoWorkingFolder => {
                invalid("the thread's file does not tell its working folder; give one as `cwd`".to_owned())
            }
            CoreError::ReadStateConflict { current } => Self(ErrorObject {
                code: INVALID_REQUEST,
                message: "read state changed".to_owned(),
                data: Some(json!({
                    "reason": "readStateConflict",
                    "readState": read_state_to_wire(current),
                })),
            }),
            CoreError::ThreadEnded => Self::internal(
                "the thread ended before it could answer; resume it and try again",
            ),
            CoreError::NoActiveTurn(TurnOperation::Steer) => invalid("no active turn to steer".to_owned()),
            CoreError::NoActiveTurn(TurnOperation::Interrupt) => {
                invalid("no active turn to interrupt".to_owned())
            }
            CoreError::StaleTurn {
                expected,
                active,
                operation,
            } => invalid(match operation {
                TurnOperation::Steer => {
                    format!("expected active turn id `{expected}` but found `{active}`")
                }
                TurnOperation::Interrupt => {
                    format!("expected active turn id {expected} but found {active}")
                }
            }),
            CoreError::NoDirectInput(_) => {
                invalid("direct app-server input is not allowed for multi-agent v2 sub-agents".to_owned())
            }
            CoreError::NotSteerable { kind, by_start } => not_steerable(kind, by_start),
            CoreError::TurnNotFound(id) => invalid(format!("turn not found: {id}")),
            CoreError::ItemNotFound(_) => {
                Self::params("cursor.itemId does not identify an item in the requested history scope")
            }
            CoreError::Empty(field) => empty(field),
            CoreError::InvalidCursor(text) => invalid(format!("invalid cursor: {text}")),
            CoreError::InputTooLarge { max, actual } => Self(ErrorObject {
                code: INVALID_PARAMS,
                message: format!("Input exceeds the maximum length of {max} characters."),
                data: Some(json!({
                    "input_error_code": "input_too_large",
                    "max_chars": max,
                    "actual_chars": actual,
                })),
            }),
            CoreError::RemoteMedia(media) => {
                let kind = match media {
                    Media::Image => "image",
                    Media::Audio => "audio",
                };
                invalid(format!(
                    "remote {kind} URLs are not supported; use an inline data URL instead"
                ))
            }
            CoreError::InvalidItem { index, reason } => invalid(format!(
                "items[{index}] is not a valid response item: {reason}"
            )),
            CoreError::NoModel => invalid(
                "No models are available. Set `model` explicitly or check your model catalog configuration."
                    .to_owned(),
            ),
            CoreError::PermissionsConflict(SandboxSetting::Policy) => {
                invalid("`permissions` cannot be combined with `sandboxPolicy`".to_owned())
            }
            CoreError::PermissionsConflict(SandboxSetting::Mode) => {
                invalid("`permissions` cannot be combined with `sandbox`".to_owned())
            }
            CoreError::PlaceWithoutSection => {
                invalid("beforeThreadId requires a non-null sectionId".to_owned())
            }
            CoreError::NoSuchTargetSection(id) => invalid(format!("section {id} does not exist")),
            CoreError::NotInSection { thread, section } => {
                invalid(format!("before thread {thread} is not in section {section}"))
            }
            CoreError::SectionNotFound(id) => params(format!("thread section not found: {id}")),
            CoreError::Project(error) => params(error.to_string()),
            CoreError::BuiltInSection(operation) => params(format!(
                "the built-in pinned section cannot be {}",
                match operation {
                    SectionOperation::Rename => "renamed",
                    SectionOperation::Delete => "deleted",
                }
            )),
            CoreError::SearchCancelled => invalid("thread search cancelled".to_owned()),
            CoreError::Config(why) => invalid(format!("failed to load configuration: {why}")),
            CoreError::ModelProviderNotConfigured(id) => Self(ErrorObject {
                code: INVALID_REQUEST,
                message: format!(
                    "The model provider `{id}` is not configured. Add [model_providers.{id}] to config.toml, or \
                     choose another one."
                ),
                data: Some(json!({"type": "modelProviderNotConfigured", "modelProvider": id})),
            }),
            CoreError::LoginDisabled(kind) => invalid(login_disabled(kind).to_owned()),
            CoreError::ExternalAuthActive => invalid(
                "External auth is active. Use account/login/start (chatgptAuthTokens) to update it or \
                 account/logout to clear it."
                    .to_owned(),
            ),
            CoreError::WorkspaceNotAllowed { allowed, received } => invalid(format!(
                "External auth must use one of workspace(s) {allowed:?}, but received {received:?}."
            )),
            CoreError::NoDeviceLogin => invalid(
                "device code login is not enabled for this Codex server. Use the browser login or verify the \
                 server URL."
                    .to_owned(),
            ),
            CoreError::ChatgptRequired { signed_in, purpose } => {
                let account = if signed_in { "chatgpt" } else { "codex account" };
                invalid(format!("{account} authentication required {purpose}"))
            }
            CoreError::HistoryNotSaved { thread, why } => Self::internal(format!(
                "the history of thread {thread} can't be saved: {why}. Its end is in memory only: make the disk take \
                 it, and try again"
            )),
            CoreError::Invalid(message) => invalid(message),
            CoreError::Database { message, .. }
            | CoreError::UnreadableHistory(message)
            | CoreError::Internal(message) => Self::internal(message),
        }
    }
}

fn ephemeral(thread: ThreadId, operation: ThreadOperation) -> String {
    match operation {
        ThreadOperation::UpdateMetadata => {
            format!("ephemeral thread does not support metadata updates: {thread}")
        }
        other => format!("ephemeral threads do not support {}", name(other)),
    }
}

fn not_persisted(thread: ThreadId, operation: ThreadOperation) -> String {
    match operation {
        ThreadOperation::ReadState => "thread read state unavailable".to_owned(),
        ThreadOperation::Delete => format!("thread is not persisted and cannot be deleted: {thread}"),
        other => format!(
            "thread is not persisted and does not support {}: {thread}",
            name(other)
        ),
    }
}

/// The method or member that asks for it.
fn name(operation: ThreadOperation) -> &'static str {
    match operation {
        ThreadOperation::ReadTurns => "includeTurns",
        ThreadOperation::ListTurns => "thread/turns/list",
        ThreadOperation::ListItems => "thread/items/list",
        ThreadOperation::ReadItem => "thread/items/read",
        ThreadOperation::SearchOccurrences => "thread/searchOccurrences",
        ThreadOperation::ListTimeline => "thread/timeline/list",
        ThreadOperation::UpdateMetadata => "thread/metadata/update",
        ThreadOperation::ReadState => "thread/readState/update",
        ThreadOperation::Revert => "thread/revert",
        ThreadOperation::Delete => "thread/delete",
    }
}

fn empty(field: Field) -> RpcError {
    match field {
        Field::ThreadName => RpcError::invalid("thread name must not be empty"),
        Field::Input => RpcError::invalid("input must not be empty"),
        Field::Items => RpcError::invalid("items must not be empty"),
        Field::History => RpcError::invalid("history must not be empty"),
        Field::SearchTerm => RpcError::invalid("thread/search requires a non-empty searchTerm"),
        Field::OccurrenceTerm => {
            RpcError::invalid("thread/searchOccurrences requires a non-empty searchTerm")
        }
        Field::SectionName => RpcError::params("section name must not be empty"),
        Field::AttachmentType => RpcError::params("attachmentType must not be empty"),
        Field::AttachmentKey => RpcError::params("identityKey must not be empty"),
        Field::IdempotencyKey => RpcError::invalid("idempotencyKey must not be empty"),
        Field::ApiKey => RpcError::invalid("The API key is empty. Paste the whole key."),
        Field::Branch => RpcError::invalid("branch must not be empty"),
        Field::Sha => RpcError::invalid("sha must not be empty"),
        Field::Instructions => RpcError::invalid("instructions must not be empty"),
    }
}

fn login_disabled(kind: LoginKind) -> &'static str {
    match kind {
        LoginKind::ApiKey => "API key login is disabled. Use ChatGPT login instead.",
        LoginKind::Chatgpt => "ChatGPT login is disabled. Use API key login instead.",
        LoginKind::External => "External ChatGPT auth is disabled. Use API key login instead.",
    }
}

/// The answer to input for a turn that takes none.
fn not_steerable(kind: &'static str, by_start: bool) -> RpcError {
    if by_start {
        let name = if kind == "review" { "Review" } else { "Compact" };
        return RpcError::internal(format!(
            "failed to submit turn input: ActiveTurnNotSteerable {{ turn_kind: {name} }}"
        ));
    }
    let message = format!("cannot steer a {kind} turn");
    let error = TurnError {
        message: message.clone(),
        kind: ErrorKind::ActiveTurnNotSteerable { turn_kind: kind },
        details: None,
        misalignment: None,
    };
    RpcError(ErrorObject {
        code: INVALID_REQUEST,
        message,
        data: serde_json::to_value(error_to_wire(error)).ok(),
    })
}

#[cfg(test)]
mod tests {
    use codex_app_server_protocol::error::INTERNAL_ERROR;
    use codex_core::history::{ReadState, Unread};
    use uuid::Uuid;

    use super::*;

    fn told(error: CoreError) -> (i64, String) {
        let RpcError(object) = error.into();
        (object.code, object.message)
    }

    #[test]
    fn kinds_have_the_words_and_codes_of_the_contract() {
        let id = ThreadId(Uuid::nil());
        let ephemeral = |operation| CoreError::Ephemeral {
            thread: id,
            operation,
        };
        let locked = |holder| CoreError::Locked { thread: id, holder };
        let stale = |operation| CoreError::StaleTurn {
            expected: "a".into(),
            active: "b".into(),
            operation,
        };
        let purpose = "to read token usage";
        let account = |signed_in| CoreError::ChatgptRequired { signed_in, purpose };
        for (error, code, message) in [
            (CoreError::ThreadNotFound(id), INVALID_REQUEST, format!("thread not found: {id}")),
            (
                CoreError::Archived(id),
                INVALID_REQUEST,
                format!("session {id} is archived. Run `codex unarchive {id}` to unarchive it first."),
            ),
            (
                ephemeral(ThreadOperation::ReadTurns),
                INVALID_REQUEST,
                "ephemeral threads do not support includeTurns".into(),
            ),
            (
                ephemeral(ThreadOperation::UpdateMetadata),
                INVALID_REQUEST,
                format!("ephemeral thread does not support metadata updates: {id}"),
            ),
            (
                CoreError::Unsupported(ThreadOperation::ListItems),
                METHOD_NOT_FOUND,
                "thread/items/list is not supported yet".into(),
            ),
            (
                CoreError::Unsupported(ThreadOperation::ListTurns),
                METHOD_NOT_FOUND,
                "list_turns is not supported yet".into(),
            ),
            (
                CoreError::Unsupported(ThreadOperation::Revert),
                INVALID_REQUEST,
                "thread/revert only supports paginated threads".into(),
            ),
            (
                locked(None),
                INVALID_REQUEST,
                format!(
                    "thread {id} already has an active writer: another process has it. Close the thread there, or \
                     fork it"
                ),
            ),
            (
                locked(Some(Holder { pid: 7, name: "codex".into() })),
                INVALID_REQUEST,
                format!(
                    "thread {id} already has an active writer: process 7 (codex) has it. Close the thread there, or \
                     fork it"
                ),
            ),
            (
                CoreError::NoDirectInput(ThreadId(Uuid::nil())),
                INVALID_REQUEST,
                "direct app-server input is not allowed for multi-agent v2 sub-agents".into(),
            ),
            (
                CoreError::NotSteerable { kind: "review", by_start: false },
                INVALID_REQUEST,
                "cannot steer a review turn".into(),
            ),
            (
                CoreError::NotSteerable { kind: "compact", by_start: true },
                INTERNAL_ERROR,
                "failed to submit turn input: ActiveTurnNotSteerable { turn_kind: Compact }".into(),
            ),
            (
                stale(TurnOperation::Steer),
                INVALID_REQUEST,
                "expected active turn id `a` but found `b`".into(),
            ),
            (
                stale(TurnOperation::Interrupt),
                INVALID_REQUEST,
                "expected active turn id a but found b".into(),
            ),
            (
                CoreError::Empty(Field::AttachmentType),
                INVALID_PARAMS,
                "attachmentType must not be empty".into(),
            ),
            (CoreError::Empty(Field::Input), INVALID_REQUEST, "input must not be empty".into()),
            (CoreError::InvalidCursor("x".into()), INVALID_REQUEST, "invalid cursor: x".into()),
            (
                CoreError::InvalidItem { index: 0, reason: "it is 5".into() },
                INVALID_REQUEST,
                "items[0] is not a valid response item: it is 5".into(),
            ),
            (
                CoreError::InputTooLarge { max: 4, actual: 5 },
                INVALID_PARAMS,
                "Input exceeds the maximum length of 4 characters.".into(),
            ),
            (
                CoreError::RemoteMedia(Media::Image),
                INVALID_REQUEST,
                "remote image URLs are not supported; use an inline data URL instead".into(),
            ),
            (
                CoreError::SectionNotFound("s".into()),
                INVALID_PARAMS,
                "thread section not found: s".into(),
            ),
            (
                CoreError::Config("config.toml: no".into()),
                INVALID_REQUEST,
                "failed to load configuration: config.toml: no".into(),
            ),
            (
                account(false),
                INVALID_REQUEST,
                "codex account authentication required to read token usage".into(),
            ),
            (
                account(true),
                INVALID_REQUEST,
                "chatgpt authentication required to read token usage".into(),
            ),
            (
                CoreError::WorkspaceNotAllowed {
                    allowed: vec!["a".into(), "b".into()],
                    received: "x".into(),
                },
                INVALID_REQUEST,
                r#"External auth must use one of workspace(s) ["a", "b"], but received "x"."#.into(),
            ),
            (
                CoreError::LoginDisabled(LoginKind::Chatgpt),
                INVALID_REQUEST,
                "ChatGPT login is disabled. Use API key login instead.".into(),
            ),
            (
                CoreError::NoDeviceLogin,
                INVALID_REQUEST,
                "device code login is not enabled for this Codex server. Use the browser login or verify the server \
                 URL."
                    .into(),
            ),
            (
                CoreError::UnreadableHistory("failed to read thread: x".into()),
                INTERNAL_ERROR,
                "failed to read thread: x".into(),
            ),
        ] {
            assert_eq!(told(error), (code, message));
        }
    }

    #[test]
    fn a_read_state_that_changed_comes_with_the_present_one() {
        let current = ReadState {
            first_unread: Some(Unread::Turn("t".into())),
            revision: "r".into(),
        };
        let RpcError(object) = CoreError::ReadStateConflict { current }.into();
        let expected = json!({
            "reason": "readStateConflict",
            "readState": {"firstUnread": {"type": "turn", "turnId": "t"}, "revision": "r"},
        });
        assert_eq!((object.code, object.data), (INVALID_REQUEST, Some(expected)));
    }
}
