//! Model providers as clients list, add and choose them (docs/contract/services.md#model-providers).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

#[tokio::test]
async fn providers_are_listed_by_id_with_how_they_are_authorised() {
    let home = Home::empty();
    home.write_config(
        "model_provider = \"mock\"\n[model_providers.mock]\nname = \"Mock\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
         http_headers = { a = \"b\" }\n[model_providers.envy]\nname = \"Envy\"\nenv_key = \"KEY\"\n\
         [model_providers.plain]\nname = \"Plain\"\nbase_url = \"http://u:p@h/v1\"\n",
    );
    let app = App::start(&home).await;
    let provider = |id: &str, name: &str, url: Value, auth: Value| {
        json!({"id": id, "name": name, "canEdit": true, "baseUrl": url,
               "settings": {"type": "customGateway", "auth": auth}})
    };
    assert_eq!(
        app.call("modelProvider/list", json!({})).await,
        json!({
            "data": [
                provider("envy", "Envy", Value::Null, json!({"mode": "environmentVariable", "envKey": "KEY"})),
                provider(
                    "mock", "Mock", json!("http://127.0.0.1:9/v1"),
                    json!({"mode": "externallyConfigured", "envKey": null})
                ),
                {"id": "openai", "name": "OpenAI", "canEdit": false, "baseUrl": null, "settings": {"type": "openai"}},
                provider("plain", "Plain", json!("[redacted]"), json!({"mode": "none"})),
            ],
            "defaultProviderId": "mock", "canChangeDefault": true,
        })
    );
    assert_eq!(
        app.call("modelProvider/capabilities/read", json!({})).await,
        json!({"imageGeneration": true, "webSearch": true})
    );
}

#[tokio::test]
async fn a_provider_is_added_chosen_and_used() {
    let model = MockModel::start("ok");
    let home = Home::empty();
    let app = App::start(&home).await;
    let settings = json!({"type": "customGateway", "name": "My Gate & Way", "baseUrl": model.base_url()});
    let added = app
        .call("modelProvider/config/write", json!({"settings": settings}))
        .await;
    assert_eq!(added["provider"]["id"], "my-gate-way");
    let again = app
        .call("modelProvider/config/write", json!({"settings": settings}))
        .await;
    assert_eq!(again["provider"]["id"], "my-gate-way-2");
    let chosen = app
        .call("modelProvider/default/set", json!({"providerId": "my-gate-way"}))
        .await;
    assert_eq!(chosen["status"], "ok");
    let list = app.call("modelProvider/list", json!({})).await;
    assert_eq!(list["defaultProviderId"], "my-gate-way");
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "Hi").await.status(), "completed");

    let change =
        json!({"type": "customGateway", "providerId": "my-gate-way", "name": "Gate", "envKey": "GATE_KEY"});
    let changed = app
        .call("modelProvider/config/write", json!({"settings": change}))
        .await["provider"]
        .clone();
    assert_eq!(
        (&changed["name"], &changed["settings"]["auth"]["envKey"]),
        (&json!("Gate"), &json!("GATE_KEY"))
    );
    let change = json!({"type": "customGateway", "providerId": "my-gate-way", "envKey": null});
    let changed = app
        .call("modelProvider/config/write", json!({"settings": change}))
        .await["provider"]
        .clone();
    assert_eq!(changed["settings"]["auth"], json!({"mode": "none"}));
    assert_eq!(changed["baseUrl"], model.base_url());
}

#[tokio::test]
async fn providers_that_make_no_sense_are_refused_with_what_to_do() {
    let home = Home::empty();
    home.write_config("[model_providers.secret]\nname = \"S\"\nexperimental_bearer_token = \"t\"\n");
    let app = App::start(&home).await;
    let url = "http://a";
    for (settings, message) in [
        (json!({}), "Enter a provider name."),
        (json!({"name": " ", "baseUrl": url}), "Enter a provider name."),
        (
            json!({"name": "A"}),
            "A base URL is required to create a custom provider.",
        ),
        (
            json!({"name": "A", "baseUrl": "ftp://x"}),
            "Enter an HTTP(S) base URL without credentials, a query, or a fragment.",
        ),
        (
            json!({"name": "A", "baseUrl": "http://u:p@x"}),
            "Enter an HTTP(S) base URL without credentials, a query, or a fragment.",
        ),
        (
            json!({"name": "A", "baseUrl": url, "envKey": "bad key"}),
            "Invalid API key environment variable name.",
        ),
        (
            json!({"name": "OpenAI", "baseUrl": url}),
            "This name is reserved for a built-in provider. Enter a different custom provider name.",
        ),
        (
            json!({"providerId": "openai", "name": "A", "baseUrl": url}),
            "A custom provider or gateway cannot use a built-in provider ID.",
        ),
        (
            json!({"providerId": "secret", "envKey": "E"}),
            "Authentication is configured externally. Omit envKey to preserve it.",
        ),
    ] {
        let mut settings = settings;
        settings["type"] = json!("customGateway");
        let error = app
            .call_err("modelProvider/config/write", json!({"settings": settings}))
            .await;
        assert_eq!((error.code, error.message.as_str()), (-32600, message));
        assert_eq!(error.data["config_write_error_code"], "configValidationError");
    }
    let unknown = json!({"settings": {"type": "customGateway", "providerId": "nope", "name": "A"}});
    let error = app.call_err("modelProvider/config/write", unknown).await;
    assert_eq!(error.message, "Unknown provider ID.");
    assert_eq!(error.data["config_write_error_code"], "configPathNotFound");
    let unknown = json!({"settings": {"type": "customGateway", "name": "A", "zz": 1}});
    assert_eq!(
        app.call_err("modelProvider/config/write", unknown).await.code,
        -32602
    );
    for id in ["x", "", "ollama"] {
        let error = app
            .call_err("modelProvider/default/set", json!({"providerId": id}))
            .await;
        assert_eq!(error.message, format!("Model provider `{id}` is not configured."));
        assert_eq!(error.data["config_write_error_code"], "configValidationError");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_printed_again_and_clients_hear_of_it() {
    let model = MockModel::start([
        Answer::status(401),
        Answer::new(),
        Answer::new(),
        Answer::status(401).always(),
    ]);
    let config = Config {
        provider:
            "auth = { command = \"sh\", args = [\"-c\", \"test -e broken || echo token\"], cwd = \".\" }"
                .into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let [started, completed] =
        ["Started", "Completed"].map(|what| format!("modelProvider/authRecovery{what}"));
    let turn = app.run_turn(&thread, "hi").await;
    assert_eq!(turn.status(), "completed");
    for method in [&started, &completed] {
        let told = turn.all(method);
        assert_eq!(told.len(), 1, "{method}");
        assert_eq!(told[0]["provider"], "mock");
        assert_eq!(
            (&told[0]["threadId"], &told[0]["turnId"]),
            (&json!(thread), &json!(turn.id))
        );
    }
    let quiet = app.run_turn(&thread, "hi").await;
    assert!(quiet.all(&started).is_empty());
    // The new one is refused as well: there is nothing more to be had.
    let turn = app.run_turn(&thread, "hi").await;
    assert_eq!((turn.status(), turn.all(&started).len()), ("failed", 1));
    assert_eq!(turn.all("error").len(), 1);
    app.stop().await;
}
