//! Usage and messages of the account (docs/contract/backend.md).

use codex_core::ThreadId;
use serde_json::{Value, json};

use crate::account::signed_in;
use crate::support::authority::{Authority, Reply};

#[tokio::test]
async fn usage_and_messages_are_read_in_the_form_of_the_contract() {
    let authority = Authority::start();
    let (_home, app, _tokens) = signed_in(&authority).await;
    let wham = |path: &str| format!("/backend-api/wham/{path}");
    let stats =
        json!({"lifetime_tokens": 10, "daily_usage_buckets": [{"start_date": "2026-11-01", "tokens": 5}]});
    authority.always(
        &format!("GET {}", wham("profiles/me")),
        Reply::new(200, json!({"stats": stats})),
    );
    let usage = app.call("account/usage/read", Value::Null).await;
    assert_eq!(usage["summary"]["lifetimeTokens"], 10);
    assert_eq!(
        usage["dailyUsageBuckets"],
        json!([{"startDate": "2026-11-01", "tokens": 5}])
    );
    let thread = ThreadId::new().to_string();
    let threads =
        json!({"threads": [{"thread_id": thread, "estimated_usage_credits_micros": 5, "groups": []}]});
    authority.always(
        &format!("POST {}", wham("usage/thread_usage/query")),
        Reply::new(200, threads),
    );
    let usage = app.call("account/usage/read", json!({"threadId": thread})).await;
    assert_eq!(usage["threadUsage"]["estimatedUsageCreditsMicros"], 5);
    assert_eq!(
        app.call_err("account/usage/read", json!({"threadId": "T"}))
            .await
            .code,
        -32600
    );

    let off = app.call("account/workspaceMessages/read", Value::Null).await;
    assert_eq!(off, json!({"featureEnabled": false, "messages": []}));
    let message = json!({"message_id": "m", "message_type": "new", "message_body": "hi"});
    let messages = json!({"messages": [message]});
    authority.always(
        &format!("GET {}", wham("workspace-messages")),
        Reply::new(200, messages),
    );
    let message = json!({"messageId": "m", "messageType": "unknown", "messageBody": "hi", "createdAt": null,
        "archivedAt": null});
    let on = app.call("account/workspaceMessages/read", Value::Null).await;
    assert_eq!(on, json!({"featureEnabled": true, "messages": [message]}));

    let nudge = format!("POST {}", wham("accounts/send_add_credits_nudge_email"));
    authority.always(&nudge, Reply::new(429, json!({})));
    let nudged = app
        .call(
            "account/sendAddCreditsNudgeEmail",
            json!({"creditType": "usage_limit"}),
        )
        .await;
    assert_eq!(nudged, json!({"status": "cooldown_active"}));

    assert_eq!(
        app.call("account/securitySetup/read", Value::Null).await,
        json!({"notice": null})
    );
    let notice = json!({"title": "t", "description": "d", "action": {"label": "l", "url": "https://u"}});
    authority.always(
        &format!("GET {}", wham("security-setup")),
        Reply::new(200, json!({"notice": notice})),
    );
    let mut expected = notice;
    expected["accountId"] = json!("ws");
    expected["userId"] = json!("user-ws");
    assert_eq!(
        app.call("account/securitySetup/read", Value::Null).await,
        json!({"notice": expected})
    );
}
