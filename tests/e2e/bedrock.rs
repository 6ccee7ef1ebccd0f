//! Credentials of Amazon (docs/contract/services.md#other-methods).

use codex_core::mock_model::MockModel;
use serde_json::json;

use crate::support::{App, Home, Launch};

#[tokio::test]
async fn credentials_of_amazon_are_found_and_not_shown() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let nothing = app.call("account/bedrock/discover", json!({})).await;
    assert_eq!(nothing, json!({"environmentCredentials": [], "profiles": []}));
    let gov = app
        .call("account/bedrock/checkGovCloudRequirements", json!({}))
        .await;
    assert_eq!(gov, json!({"isGovCloud": false, "shouldWarn": false}));
    app.stop().await;

    let aws = home.path().join(".aws");
    std::fs::create_dir(&aws).unwrap();
    std::fs::write(
        aws.join("config"),
        "[default]\nregion = eu-west-1\n[profile work]\nregion = a\n",
    )
    .unwrap();
    let secret = "[work]\naws_access_key_id = AKIA\naws_secret_access_key = hidden\n[only]\n";
    std::fs::write(aws.join("credentials"), secret).unwrap();
    let launch = Launch::new(&home)
        .env("AWS_BEARER_TOKEN_BEDROCK", "hidden")
        .env("AWS_REGION", "r");
    let app = launch.start().await;
    let found = app.call("account/bedrock/discover", json!({})).await;
    assert_eq!(
        found,
        json!({
            "environmentCredentials": [{"type": "bedrockApiKey", "region": "r"}],
            "profiles": [
                {"name": "default", "region": "eu-west-1"},
                {"name": "only", "region": null},
                {"name": "work", "region": "a"},
            ],
        })
    );
    app.stop().await;
}
