//! The models endpoint and its cache file (docs/contract/backend.md#models-endpoint).

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use codex_core::auth::AuthManager;
use codex_core::config::Provider;
use codex_core::mock_model::{Answer, Encoding, Handshake, MockModel, Script};
use codex_core::model::{ModelCatalog, ModelClient};
use serde_json::{Value, json};

use crate::model_support::{PATIENCE, ask, options, prompt, turn, user};

fn jwt(claims: &Value) -> String {
    let part = |json: &Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.sig", part(&json!({"alg": "none"})), part(claims))
}

/// Signs a ChatGPT account in, with tokens that don't need to be renewed.
fn sign_in(home: &Path) {
    let claims = json!({"exp": 4_000_000_000_u64, "email": "a@b.c",
        "https://api.openai.com/auth": {"chatgpt_account_id": "acc", "chatgpt_plan_type": "plus"}});
    let auth = json!({"auth_mode": "chatgpt", "OPENAI_API_KEY": null, "last_refresh": "2026-11-20T00:00:00Z",
        "tokens": {"id_token": jwt(&claims), "access_token": jwt(&claims), "refresh_token": "r", "account_id": "acc"}});
    std::fs::write(home.join("auth.json"), auth.to_string()).unwrap();
}

fn entry(slug: &str, priority: i64) -> Value {
    json!({"slug": slug, "display_name": slug, "supported_reasoning_levels": [], "shell_type": "shell_command",
        "visibility": "list", "supported_in_api": true, "priority": priority, "base_instructions": "be good",
        "support_verbosity": false, "truncation_policy": {"mode": "tokens", "limit": 1}, "novelty": {"x": 1},
        "experimental_supported_tools": [], "context_window": 100_000})
}

struct Fixture {
    home: tempfile::TempDir,
    model: MockModel,
    provider: Provider,
}

impl Fixture {
    fn new(script: Script) -> Self {
        let home = tempfile::tempdir().unwrap();
        sign_in(home.path());
        let model = MockModel::start(script);
        let provider = Provider::openai(Some(model.base_url()));
        Self {
            home,
            model,
            provider,
        }
    }

    fn catalog(&self) -> (Arc<ModelCatalog>, Arc<AuthManager>) {
        let auth = AuthManager::new(self.home.path().to_owned());
        (
            ModelCatalog::new(self.home.path().to_owned(), Arc::clone(&auth)),
            auth,
        )
    }

    async fn slugs(&self, catalog: &ModelCatalog) -> Vec<String> {
        let list = catalog.list(&self.provider, "tester/1", false).await;
        list.iter().map(|m| m.slug.clone()).collect()
    }
}

fn two_models() -> Script {
    Script::new().models(
        json!({"models": [entry("zeta", 2), entry("alpha", 1)]}),
        Some("e1"),
    )
}

#[tokio::test]
async fn the_endpoints_list_replaces_the_built_in_one() {
    let fixture = Fixture::new(two_models());
    let (catalog, _) = fixture.catalog();
    assert_eq!(fixture.slugs(&catalog).await, ["alpha", "zeta"]);
    assert_eq!(catalog.default_model(), "alpha");
    assert_eq!(catalog.find("zeta").0.usable_window(None), 95_000);
    let asked = &fixture.model.others()[0];
    assert_eq!(asked.path, "/v1/models?client_version=0.171.0");
    assert_eq!(asked.header("chatgpt-account-id"), Some("acc"));
    assert!(asked.header("authorization").unwrap().starts_with("Bearer "));
    assert_eq!(asked.header("user-agent"), Some("tester/1"));
}

#[tokio::test]
async fn a_list_is_kept_for_this_process_and_the_next() {
    let fixture = Fixture::new(two_models());
    let (catalog, _) = fixture.catalog();
    for _ in 0..3 {
        assert_eq!(fixture.slugs(&catalog).await.len(), 2);
    }
    let text = std::fs::read(fixture.home.path().join("models_cache.json")).unwrap();
    let cache: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(cache["etag"], "e1");
    assert_eq!(cache["client_version"], "0.171.0");
    assert_eq!(cache["identity"].as_str().unwrap().len(), 64);
    assert_eq!(
        cache["models"][0]["novelty"],
        json!({"x": 1}),
        "what we don't look at is kept"
    );

    let (next, _) = fixture.catalog();
    assert_eq!(fixture.slugs(&next).await, ["alpha", "zeta"]);
    assert_eq!(fixture.model.others().len(), 1);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_leaves_the_built_in_one() {
    let bad = Script::new().models(json!({"models": [entry("good", 1), {"slug": "bad"}]}), None);
    let fixture = Fixture::new(bad);
    let (catalog, _) = fixture.catalog();
    assert_eq!(fixture.slugs(&catalog).await[0], "gpt-6.2-sol");
    // A server that is broken is not asked by every list.
    fixture.slugs(&catalog).await;
    assert_eq!(fixture.model.others().len(), 1);
}

#[tokio::test]
async fn nobody_is_asked_without_a_chatgpt_account() {
    let fixture = Fixture::new(two_models());
    std::fs::write(
        fixture.home.path().join("auth.json"),
        r#"{"auth_mode":"apikey","OPENAI_API_KEY":"k"}"#,
    )
    .unwrap();
    let (catalog, _) = fixture.catalog();
    assert_eq!(fixture.slugs(&catalog).await.len(), 11);
    assert!(fixture.model.others().is_empty());
}

fn client(
    fixture: &Fixture,
    catalog: &Arc<ModelCatalog>,
    auth: Arc<AuthManager>,
    websocket: bool,
) -> ModelClient {
    let mut options = options(Provider {
        supports_websockets: websocket,
        ..fixture.provider.clone()
    });
    options.auth = auth;
    let client = ModelClient::new(options);
    client.inform(catalog);
    client
}

#[tokio::test]
async fn another_etag_on_a_response_asks_once_for_the_new_list() {
    let answer = |etag: &str| Answer::new().header("x-models-etag", etag);
    let script = Script {
        answers: [answer("e1"), answer("e2"), answer("e2")].into(),
        ..two_models()
    };
    let fixture = Fixture::new(script);
    let (catalog, auth) = fixture.catalog();
    fixture.slugs(&catalog).await;
    let client = client(&fixture, &catalog, auth, false);
    ask(&mut turn(&client, "t1"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(fixture.model.others().len(), 1, "the same list");
    fixture.model.edit(|script| {
        let list = json!({"models": [entry("newest", 1)]});
        *script = std::mem::take(script).models(list, Some("e2"));
    });
    ask(&mut turn(&client, "t2"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    fixture.model.wait_for_others(2).await.unwrap();
    ask(&mut turn(&client, "t3"), &prompt(vec![user("hi")]))
        .await
        .unwrap();
    assert_eq!(fixture.slugs(&catalog).await, ["newest"]);
    assert_eq!(fixture.model.others().len(), 2);
}

#[tokio::test]
async fn a_websocket_handshake_names_the_list_too() {
    let script = two_models().every_handshake(Handshake::default().header("x-models-etag", "e2"));
    let fixture = Fixture::new(script);
    let (catalog, auth) = fixture.catalog();
    fixture.slugs(&catalog).await;
    let client = client(&fixture, &catalog, auth, true);
    client.preconnect([]);
    fixture.model.wait_for_others(2).await.unwrap();
}

#[tokio::test]
async fn requests_in_the_name_of_a_chatgpt_account_say_so_and_are_compressed() {
    let fixture = Fixture::new(Script::new());
    let (catalog, auth) = fixture.catalog();
    let client = client(&fixture, &catalog, auth, false);
    let text = "long ".repeat(1000);
    let mut prompt = prompt(vec![user(&text)]);
    prompt.service_tier = Some("priority".into());
    ask(&mut turn(&client, "t1"), &prompt).await.unwrap();
    let requests = fixture.model.requests();
    let request = &requests[0];
    assert_eq!(request.header("content-encoding"), Some("zstd"));
    assert_eq!(request.input()[0]["content"][0]["text"], text);
    assert_eq!(request.header("version"), Some("0.171.0"));
    assert_eq!(request.header("chatgpt-account-id"), Some("acc"));
    assert_eq!(
        request.header("x-codex-routing-hint"),
        Some("model=mock-model;tier=priority")
    );
}

#[tokio::test]
async fn a_list_without_end_is_given_up_and_an_encoded_one_is_read() {
    for answer in [
        Answer::new().text("{\"models\": [").flood("{}, ", 0),
        Answer::new()
            .encoded(Encoding::Zstd)
            .text("{\"models\": [")
            .flood("{}, ", 0),
        Answer::new().text("{\"models\": [").flood(" ", 100),
    ] {
        let f = Fixture::new(Script::new().route("GET", "/v1/models", [answer]));
        let (catalog, _auth) = f.catalog();
        let slugs = tokio::time::timeout(PATIENCE, f.slugs(&catalog))
            .await
            .expect("never given up");
        assert!(slugs.len() > 1, "the built-in list");
        assert_eq!(f.model.others()[0].header("accept-encoding"), Some("zstd,gzip"));
    }
    let list = json!({"models": [entry("zeta", 2)]});
    let answer = Answer::new().encoded(Encoding::Gzip).body(list);
    let f = Fixture::new(Script::new().route("GET", "/v1/models", [answer]));
    let (catalog, _auth) = f.catalog();
    assert_eq!(f.slugs(&catalog).await, ["zeta"]);
}

#[tokio::test]
async fn a_redirect_of_the_list_is_not_followed() {
    let other = MockModel::start(Script::new());
    let to = format!("{}/models", other.base_url());
    let answer = Answer::status(307).header("location", &to);
    let f = Fixture::new(Script::new().route("GET", "/v1/models", [answer]));
    let (catalog, _auth) = f.catalog();
    assert!(f.slugs(&catalog).await.len() > 1);
    assert!(other.others().is_empty());
}
