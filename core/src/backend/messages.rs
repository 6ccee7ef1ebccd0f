//! Messages to the members of a workspace, and from them to its owner (docs/contract/backend.md#other-reads).

use serde::Deserialize;
use serde_json::{Value, json};

use super::Backend;
use super::request::Call;
use super::usage::unix_seconds;
use crate::auth::Account;
use crate::{Error, Result};

/// A message to the members of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceMessage {
    /// Its id.
    pub id: String,
    /// What kind, as the server names it.
    pub kind: String,
    /// Text.
    pub body: String,
    /// Unix seconds.
    pub created_at: Option<i64>,
    /// Unix seconds.
    pub archived_at: Option<i64>,
}

/// What became of a mail to the owner of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NudgeOutcome {
    /// Sent.
    Sent,
    /// One was sent a short while ago.
    CooldownActive,
}

/// Something that the user should do for the security of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityNotice {
    /// Workspace.
    pub account_id: String,
    /// User.
    pub user_id: String,
    /// To show.
    pub title: String,
    /// To show.
    pub description: String,
    /// What the button says.
    pub action_label: String,
    /// Where the button leads.
    pub action_url: String,
}

#[derive(Deserialize)]
struct Messages {
    messages: Vec<MessagePayload>,
}

#[derive(Deserialize)]
struct MessagePayload {
    message_id: String,
    message_type: String,
    message_body: String,
    created_at: Option<Value>,
    archived_at: Option<Value>,
}

#[derive(Deserialize)]
struct SecuritySetup {
    notice: Option<NoticePayload>,
}

#[derive(Deserialize)]
struct NoticePayload {
    title: String,
    description: String,
    action: ActionPayload,
}

#[derive(Deserialize)]
struct ActionPayload {
    label: String,
    url: String,
}

impl Backend {
    /// Messages of the workspace; `None`: the workspace has no messages at all.
    pub async fn workspace_messages(&self) -> Result<Option<Vec<WorkspaceMessage>>> {
        let auth = self.chatgpt("to read workspace messages").await?;
        let failed = |why: String| Error::internal(format!("failed to fetch workspace messages: {why}"));
        let call = Call::get(self.url("workspace-messages").await);
        let answer = self.send(&call, &auth).await.map_err(failed)?;
        if answer.status == 404 {
            return Ok(None);
        }
        let found: Messages = answer.decode().map_err(failed)?;
        let messages = found.messages.into_iter().map(|message| WorkspaceMessage {
            id: message.message_id,
            kind: message.message_type,
            body: message.message_body,
            created_at: message.created_at.as_ref().and_then(unix_seconds),
            archived_at: message.archived_at.as_ref().and_then(unix_seconds),
        });
        Ok(Some(messages.collect()))
    }

    /// Asks the owner of the workspace for more, by mail. `credit_type` is `credits` or `usage_limit`.
    pub async fn send_add_credits_nudge(&self, credit_type: &str) -> Result<NudgeOutcome> {
        let auth = self.chatgpt("to notify workspace owner").await?;
        let failed = |why: String| Error::internal(format!("failed to notify workspace owner: {why}"));
        let url = self.url("accounts/send_add_credits_nudge_email").await;
        let call = Call::post(url, json!({"credit_type": credit_type}));
        let answer = self.send(&call, &auth).await.map_err(failed)?;
        match answer.status {
            429 => Ok(NudgeOutcome::CooldownActive),
            _ if answer.is_success() => Ok(NudgeOutcome::Sent),
            _ => Err(failed(answer.failure())),
        }
    }

    /// What the user should do for the security of the account. Whatever goes wrong, there is nothing to show.
    pub async fn security_notice(&self) -> Option<SecurityNotice> {
        let auth = self.chatgpt("to read the security setup").await.ok()?;
        let Some(Account::ChatGpt {
            user_id: Some(user_id),
            account_id: Some(account_id),
            ..
        }) = self.auth.account().await
        else {
            return None;
        };
        let call = Call::get(format!("{}/wham/security-setup", self.base().await));
        let setup: SecuritySetup = self.send(&call, &auth).await.ok()?.decode().ok()?;
        let notice = setup.notice?;
        Some(SecurityNotice {
            account_id,
            user_id,
            title: notice.title,
            description: notice.description,
            action_label: notice.action.label,
            action_url: notice.action.url,
        })
    }
}
