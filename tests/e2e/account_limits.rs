//! The account's limits (docs/contract/backend.md).

use serde_json::{Value, json};

use crate::account::signed_in;
use crate::support::authority::{Authority, Reply};

#[tokio::test]
async fn limits_are_read_in_the_form_of_the_contract() {
    let authority = Authority::start();
    let (_home, app, _tokens) = signed_in(&authority).await;
    let wham = |path: &str| format!("/backend-api/wham/{path}");
    let window = json!({"used_percent": 12, "limit_window_seconds": 18_001, "reset_at": 1_900_000_000});
    let usage = json!({
        "plan_type": "pro", "account_id": "ws", "rate_limit": {"primary_window": window},
        "additional_rate_limits": [{"limit_name": "Other", "metered_feature": "codex_other"}],
        "rate_limit_reset_credits": {"available_count": 2},
    });
    authority.always(&format!("GET {}", wham("usage")), Reply::new(200, usage));
    let credit = json!({"id": "c", "reset_type": "codex_rate_limits", "status": "available",
        "granted_at": "2026-11-01T00:00:00Z"});
    let credits = json!({"available_count": 2, "credits": [credit]});
    authority.always(
        &format!("GET {}", wham("rate-limit-reset-credits")),
        Reply::new(200, credits),
    );
    let limits = app.call("account/rateLimits/read", json!({})).await;
    let main = json!({
        "limitId": "codex", "limitName": null, "normalModelSlug": null, "secondary": null, "credits": null,
        "primary": {"usedPercent": 12, "windowDurationMins": 301, "resetsAt": 1_900_000_000},
        "individualLimit": null, "spendControlReached": null, "planType": "pro", "rateLimitReachedType": null,
    });
    assert_eq!(limits["rateLimits"], main);
    assert_eq!(limits["rateLimitsByLimitId"]["codex"], main);
    assert_eq!(limits["rateLimitsByLimitId"]["codex_other"]["limitName"], "Other");
    let credits = json!([{"id": "c", "resetType": "codexRateLimits", "status": "available",
        "grantedAt": 1_793_491_200, "expiresAt": null, "title": null, "description": null}]);
    assert_eq!(
        limits["rateLimitResetCredits"],
        json!({"availableCount": 2, "credits": credits})
    );
    assert_eq!(
        (&limits["accountId"], &limits["ordinaryUsageAllowed"]),
        (&json!("ws"), &Value::Null)
    );
    let brief = app
        .call(
            "account/rateLimits/read",
            json!({"excludeResetCreditDetails": true}),
        )
        .await;
    assert_eq!(
        brief["rateLimitResetCredits"],
        json!({"availableCount": 2, "credits": null})
    );

    let consume = format!("POST {}", wham("rate-limit-reset-credits/consume"));
    authority.always(&consume, Reply::new(200, json!({"code": "nothing_to_reset"})));
    let consumed = app
        .call(
            "account/rateLimitResetCredit/consume",
            json!({"idempotencyKey": "k"}),
        )
        .await;
    assert_eq!(consumed, json!({"outcome": "nothingToReset"}));
}
