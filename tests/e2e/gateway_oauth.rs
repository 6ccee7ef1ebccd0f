//! Gateways of model providers (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home};

#[tokio::test]
async fn no_provider_has_a_gateway_to_sign_in_at() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let read = app
        .call("account/gatewayOAuth/read", json!({"modelProvider": "openai"}))
        .await;
    assert_eq!(
        read,
        json!({"providerId": "openai", "providerName": "OpenAI", "required": false, "supportsDeviceAuth": false,
            "status": null, "error": null})
    );
    let configured = app.call("account/gatewayOAuth/read", json!(null)).await;
    assert_eq!(configured["providerId"], "mock");
    let error = app.call_err("account/gatewayOAuth/login", json!({})).await;
    let message = "The selected provider does not use gateway OAuth";
    assert_eq!((error.code, error.message.as_str()), (-32600, message));
    let error = app
        .call_err("account/gatewayOAuth/read", json!({"modelProvider": "zz"}))
        .await;
    assert_eq!(
        error.data,
        json!({"type": "modelProviderNotConfigured", "modelProvider": "zz"})
    );
    assert_eq!(
        app.call("account/gatewayOAuth/cancel", json!(null)).await,
        json!({})
    );
    app.stop().await;
}
