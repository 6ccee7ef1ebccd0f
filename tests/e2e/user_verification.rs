//! Verification of the user (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn the_presence_of_the_user_can_not_be_verified() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let message = "User verification is not available in this build or account.";
    let status = app.call("userVerification/status", json!({})).await;
    assert_eq!(
        status,
        json!({"credentialId": null, "unavailableReason": "providerUnavailable", "unavailableMessage": message})
    );
    let verify = json!({"challenge": "Y2g", "title": "t", "description": "d"});
    for (method, params) in [
        ("userVerification/enroll", json!({})),
        ("userVerification/delete", json!({})),
        ("userVerification/verify", verify),
    ] {
        let error = app.call_err(method, params).await;
        assert_eq!(
            (error.code, error.message.as_str()),
            (-32603, message),
            "{method}"
        );
        assert_eq!(
            error.data,
            json!({"type": "unavailable", "reason": "providerUnavailable"})
        );
    }
    let long = "A".repeat(5464);
    for (challenge, title) in [("", "t"), ("zz", "t"), ("Y2g=", "t"), (&long, "t"), ("Y2g", "")] {
        let params = json!({"challenge": challenge, "title": title, "description": "d"});
        let error = app.call_err("userVerification/verify", params).await;
        assert_eq!(error.code, -32602, "{challenge}");
        assert_eq!(
            error.data,
            json!({"type": "invalidRequest", "reason": "invalidParams"})
        );
    }
    let cancelled = app.call("userVerification/cancel", json!({"requestId": 7})).await;
    assert_eq!(cancelled, json!({}));
    assert_eq!(
        app.call_err("userVerification/status", json!({"x": 1}))
            .await
            .code,
        -32602
    );
    app.stop().await;
}
