//! Proofs of what the client is, for the servers of ChatGPT (docs/contract/model-http.md#attestation).

use std::path::Path;

use serde_json::{Value, json};

use super::account::launch;
use crate::support::authority::{Authority, Reply};
use crate::support::{App, Home};

const GENERATE: &str = "attestation/generate";
const HEADER: &str = "x-oai-attestation";
const RESPONSES: &str = "POST /v1/responses";
const TIMED_OUT: &str = r#"{"v":1,"s":1}"#;

/// A home that uses the provider `openai` at this authority, which speaks HTTP only.
fn home(authority: &Authority) -> Home {
    let home = Home::empty();
    let url = authority.url();
    home.write_config(&format!(
        "chatgpt_base_url = \"{url}/backend-api\"\nopenai_base_url = \"{url}/v1\"\nmodel = \"gpt-5.2-codex\"\n\
         approval_policy = \"never\"\n"
    ));
    authority.always("GET /v1/responses", Reply::new(426, json!({})));
    home
}

fn sign_in(home: &Home, authority: &Authority) {
    Authority::write_auth_json(&home.codex(), &authority.issue("ws"));
}

/// The values of the header in the requests of a route.
fn proofs(authority: &Authority, route: &str) -> Vec<Option<String>> {
    let seen = authority.seen(route);
    seen.iter()
        .map(|seen| seen.headers.get(HEADER).cloned())
        .collect()
}

fn asked(app: &App) -> usize {
    app.frames()
        .iter()
        .filter(|frame| frame.method() == GENERATE)
        .count()
}

/// Runs turns, in which questions are answered with this frame, until a request has this header. A client on a loaded
/// machine may be too slow for one or the other.
async fn until(app: &App, authority: &Authority, thread: &str, answer: Value, wanted: &str) {
    let answering = async {
        loop {
            let question = app.server_request(GENERATE).await;
            assert_eq!(question.params, json!({}));
            let mut frame = answer.clone();
            frame["id"] = question.id;
            app.send(&frame).await;
        }
    };
    let turns = async {
        for _ in 0..40 {
            let before = authority.seen(RESPONSES).len();
            assert_eq!(app.run_turn(thread, "hi").await.text(), "Hello");
            for proof in &proofs(authority, RESPONSES)[before..] {
                match proof.as_deref() {
                    Some(proof) if proof == wanted => return,
                    proof => assert_eq!(proof, Some(TIMED_OUT)),
                }
            }
        }
        panic!("no request has {wanted}");
    };
    tokio::select! {
        () = answering => {}
        () = turns => {}
    }
}

fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let content = std::fs::read(&path).unwrap_or_default();
        content
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn servers_of_chatgpt_get_the_proof_of_the_client_and_nothing_keeps_it() {
    let authority = Authority::start();
    let home = home(&authority);
    sign_in(&home, &authority);
    let app = launch(&home, &authority).env("RUST_LOG", "debug").spawn();
    app.initialize(json!({"requestAttestation": true})).await;
    let thread = app.start_thread(json!({})).await;
    let proof = json!({"result": {"token": "proof-of-client \"1\""}});
    let wanted = r#"{"v":1,"s":0,"t":"proof-of-client \"1\""}"#;
    until(&app, &authority, &thread, proof, wanted).await;
    let handshakes = proofs(&authority, "GET /v1/responses");
    assert!(!handshakes.is_empty());
    let told = |proof: &Option<String>| proof.as_deref().is_some_and(|p| p == wanted || p == TIMED_OUT);
    assert!(handshakes.iter().all(told), "{handshakes:?}");
    // Every request is attested by itself, and only those to the model.
    let sent = handshakes.len() + proofs(&authority, RESPONSES).len();
    assert_eq!(asked(&app), sent);
    for seen in authority.all_seen() {
        let is_for_model = seen.route.ends_with("/responses");
        assert_eq!(seen.headers.contains_key(HEADER), is_for_model, "{}", seen.route);
    }
    app.stop().await;
    assert!(
        !holds(home.path(), "proof-of-client"),
        "the proof is kept somewhere"
    );
}

#[tokio::test]
async fn a_client_without_an_answer_costs_a_moment_and_the_server_is_told_why() {
    let authority = Authority::start();
    let home = home(&authority);
    sign_in(&home, &authority);
    let app = launch(&home, &authority).spawn();
    app.initialize(json!({"requestAttestation": true})).await;
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");
    assert_eq!(proofs(&authority, RESPONSES), [Some(TIMED_OUT.to_owned())]);
    // Answers that come too late count for nothing.
    for frame in app.frames() {
        if frame.method() == GENERATE {
            let id = &frame.json["id"];
            app.wait_frame("the question", |other| {
                other.json["id"] == *id && other.is_request()
            })
            .await;
            app.send(&json!({"id": id, "result": {"token": "late"}})).await;
        }
    }
    let refusal = json!({"error": {"code": -1, "message": "no"}});
    until(&app, &authority, &thread, refusal, r#"{"v":1,"s":2}"#).await;
    let malformed = json!({"result": {"tokens": 1}});
    until(&app, &authority, &thread, malformed, r#"{"v":1,"s":4}"#).await;
    let proof = json!({"result": {"token": "t"}});
    until(&app, &authority, &thread, proof, r#"{"v":1,"s":0,"t":"t"}"#).await;
}

#[tokio::test]
async fn nobody_is_asked_who_offers_nothing_and_nobody_else_is_told() {
    let authority = Authority::start();
    // A client that has announced nothing.
    let plain = home(&authority);
    sign_in(&plain, &authority);
    let app = launch(&plain, &authority).start().await;
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");
    assert_eq!(asked(&app), 0);

    // Another provider, though in the name of a ChatGPT account.
    let other = super::account::home(&authority, "");
    sign_in(&other, &authority);
    let app = launch(&other, &authority).spawn();
    app.initialize(json!({"requestAttestation": true})).await;
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");
    assert_eq!(asked(&app), 0);

    // An API key.
    let key = home(&authority);
    authority.accept("sk-1");
    let app = launch(&key, &authority).spawn();
    app.initialize(json!({"requestAttestation": true})).await;
    app.call("account/login/start", json!({"type": "apiKey", "apiKey": "sk-1"}))
        .await;
    let thread = app.start_thread(json!({})).await;
    assert_eq!(app.run_turn(&thread, "hi").await.text(), "Hello");
    assert_eq!(asked(&app), 0);

    assert_eq!(proofs(&authority, RESPONSES), [None, None, None]);
    let all = authority.all_seen();
    assert!(all.iter().all(|seen| !seen.headers.contains_key(HEADER)));
}
