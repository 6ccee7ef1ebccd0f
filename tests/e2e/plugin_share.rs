//! Plugins that accounts share (docs/contract/services.md#plugins).

use serde_json::json;

use crate::marketplace::{refused, started};

#[tokio::test]
async fn sharing_takes_an_account() {
    let (_model, home, app) = started().await;
    let targets = json!({"discoverability": "PRIVATE", "remotePluginId": "r", "shareTargets": []});
    let skill = json!({"remoteMarketplaceName": "m", "remotePluginId": "r", "skillName": "s"});
    for (method, params, action) in [
        ("plugin/share/list", json!({}), "list remote plugin shares"),
        (
            "plugin/share/save",
            json!({"pluginPath": home.path()}),
            "save remote plugin share",
        ),
        (
            "plugin/share/updateTargets",
            targets,
            "update remote plugin share targets",
        ),
        (
            "plugin/share/checkout",
            json!({"remotePluginId": "r"}),
            "checkout plugin share",
        ),
        (
            "plugin/share/delete",
            json!({"remotePluginId": "r"}),
            "delete remote plugin share",
        ),
        ("plugin/skill/read", skill, "read remote plugin skill details"),
    ] {
        let words = format!("{action}: chatgpt authentication required for remote plugin catalog");
        assert_eq!(refused(&app, method, params).await, words);
    }
    app.stop().await;
}
