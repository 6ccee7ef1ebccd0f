//! Messages as they were seen on the wire come back from our types as they went in, nulls included.

use std::error::Error;

use codex_app_server_protocol::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn through<T: DeserializeOwned + Serialize>(value: &Value) -> serde_json::Result<Value> {
    serde_json::to_value(T::deserialize(value)?)
}

macro_rules! through_type {
    ($name:expr, $value:expr; $($type:ident,)*) => {
        match $name {
            $(stringify!($type) => through::<$type>($value),)*
            other => panic!("no type for {other}"),
        }
    };
}

#[test]
fn captured_messages_survive_the_round_trip() -> Result<(), Box<dyn Error>> {
    let messages: Vec<Value> = serde_json::from_str(include_str!("frames.json"))?;
    for message in &messages {
        let (name, value) = (message["type"].as_str().unwrap_or_default(), &message["value"]);
        let back = through_type!(name, value;
            AccountRateLimitsUpdatedNotification,
            AgentMessageDeltaNotification,
            CommandExecutionRequestApprovalParams,
            ErrorNotification,
            ExperimentalFeatureListResponse,
            FileChangeRequestApprovalParams,
            GetAccountResponse,
            InitializeResponse,
            ItemCompletedNotification,
            ItemStartedNotification,
            ModelListResponse,
            ServerRequestResolvedNotification,
            ThreadAttachmentAddResponse,
            ThreadAttachmentUpdatedNotification,
            ThreadForkResponse,
            ThreadGoalGetResponse,
            ThreadGoalSetResponse,
            ThreadGoalUpdatedNotification,
            ThreadItemsListResponse,
            ThreadListResponse,
            ThreadNameUpdatedNotification,
            ThreadReadStateChangedNotification,
            ThreadResumeResponse,
            ThreadSearchOccurrencesResponse,
            ThreadSearchResponse,
            ThreadSectionListResponse,
            ThreadSetNameResponse,
            ThreadSettingsUpdatedNotification,
            ThreadStartResponse,
            ThreadStartedNotification,
            ThreadStatusChangedNotification,
            ThreadTimelineListResponse,
            ThreadTokenUsageUpdatedNotification,
            ThreadTurnsListResponse,
            ThreadUnsubscribeResponse,
            TurnCompletedNotification,
            TurnDiffUpdatedNotification,
            TurnStartResponse,
            TurnStartedNotification,
            WarningNotification,
        )
        .map_err(|e| format!("{name}: {e}"))?;
        assert_eq!(&back, value, "{name}");
    }
    assert!(messages.len() > 30);
    Ok(())
}
