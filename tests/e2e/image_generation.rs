//! Images that the model has made (docs/contract/tools.md#making-images).

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use codex_core::mock_model::{Answer, MockModel, Request, Script};
use serde_json::{Value, json};

use crate::support::authority::{Authority, access_token, now};
use crate::support::{App, Config, Home};

/// One pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PNG_SHA256: &str = "6b7fa434f92a8b80aab02d9bf1a12e49ffcae424e4013a1c4f68b67e3d2bbcd0";
/// One red pixel.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
const GIF_URL: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=";

const NEW: &str = "/v1/images/generations";
const EDIT: &str = "/v1/images/edits";

fn call(id: &str, arguments: &Value) -> Answer {
    Answer::new().event(json!({"type": "response.output_item.done", "item": {
        "type": "function_call", "id": format!("fc-{id}"), "call_id": id, "name": "imagegen",
        "namespace": "image_gen", "arguments": arguments.to_string(),
    }}))
}

/// A model that makes these calls, one after the other, and then says something; and replies to requests for images.
fn model(calls: &[(&str, Value)], replies: impl IntoIterator<Item = Answer>) -> MockModel {
    let replies: Vec<Answer> = replies.into_iter().collect();
    let script = calls.iter().fold(Script::new(), |script, (id, arguments)| {
        script.then(call(id, arguments))
    });
    let script = script
        .otherwise(Answer::from("Done"))
        .route("POST", NEW, replies.clone())
        .route("POST", EDIT, replies);
    MockModel::start(script)
}

fn image() -> Answer {
    Answer::new().body(json!({"created": 1, "data": [{"b64_json": PNG}]}))
}

fn config() -> Config {
    Config {
        model: "gpt-5.5".to_owned(),
        ..Config::default()
    }
}

/// Has the program use this model with the account that is signed in.
fn configure(home: &Home, model: &MockModel, config: Config) {
    let base = model.base_url();
    let config = Config {
        top: format!("chatgpt_base_url = \"{base}/backend-api\""),
        ..config
    };
    home.configure(model, &config);
    let file = home.codex().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    home.write_config(&text.replace("requires_openai_auth = false", "requires_openai_auth = true"));
}

fn home_of(model: &MockModel) -> Home {
    let home = Home::empty();
    configure(&home, model, config());
    home
}

/// The program, with an account of ChatGPT whose tokens are the client's.
async fn signed_in(home: &Home) -> App {
    let app = App::start(home).await;
    app.call("account/login/start", own(1)).await;
    app
}

fn own(serial: u64) -> Value {
    let token = access_token("ws", serial, now() + 3600);
    json!({"type": "chatgptAuthTokens", "accessToken": token, "chatgptAccountId": "ws"})
}

/// Names of the tools of a request.
fn tools(request: &Request) -> Vec<String> {
    let tools = request.body["tools"].as_array().unwrap();
    let name = |tool: &Value| tool["name"].as_str().or(tool["type"].as_str()).map(str::to_owned);
    tools.iter().filter_map(name).collect()
}

/// Requests for images, with their paths.
fn drawn(model: &MockModel) -> Vec<Request> {
    let mut others = model.others();
    others.retain(|request| request.path.starts_with("/v1/images/"));
    others
}

fn output(model: &MockModel, call: &str) -> Value {
    let requests = model.requests();
    let outputs = requests.last().unwrap().input_of("function_call_output");
    let found = outputs.iter().find(|item| item["call_id"] == call);
    found.expect("an output")["output"].clone()
}

/// An item without its times.
fn timeless(item: &Value) -> Value {
    let mut item = item.clone();
    let members = item.as_object_mut().unwrap();
    members.remove("startedAtMs");
    members.remove("completedAtMs");
    item
}

fn item(id: &str, status: &str, prompt: Option<&str>, result: &str) -> Value {
    json!({"type": "imageGeneration", "id": id, "status": status, "revisedPrompt": prompt, "result": result,
           "transparentBackground": null, "failure": null, "generationId": null})
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn an_image_is_made_in_the_name_of_the_account_shown_saved_and_kept() {
    let model = model(&[("a/../b", json!({"prompt": "a cat"}))], [image()]);
    let home = home_of(&model);
    let app = signed_in(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Draw a cat").await;
    assert_eq!(turn.status(), "completed");

    let offered = tools(&model.requests()[0]);
    let place = offered.iter().position(|name| name == "image_gen").unwrap();
    assert_eq!(offered[place - 1], "update_goal", "{offered:?}");
    let requests = drawn(&model);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, NEW);
    assert_eq!(
        *requests[0].body,
        json!({"prompt": "a cat", "background": "opaque", "model": "gpt-image-2", "quality": "auto", "size": "auto"})
    );
    for header in [
        "authorization",
        "chatgpt-account-id",
        "originator",
        "user-agent",
        "thread-id",
    ] {
        let of_turn = model.requests()[0].header(header).map(str::to_owned);
        assert!(of_turn.is_some(), "{header}");
        assert_eq!(requests[0].header(header), of_turn.as_deref(), "{header}");
    }
    assert_eq!(
        requests[0].header("x-codex-image-turn-id"),
        Some(turn.id.as_str())
    );

    let folder = home.codex().join("generated_images").join(&thread);
    let path = folder.join("a____b.png");
    let mut made = item("a/../b", "completed", Some("a cat"), PNG);
    made["savedPath"] = json!(path);
    let started = turn.all("item/started");
    let started = started
        .iter()
        .find(|params| params["item"]["type"] == "imageGeneration");
    assert_eq!(
        timeless(&started.unwrap()["item"]),
        item("a/../b", "in_progress", None, "")
    );
    let completed: Vec<Value> = turn
        .items_of("imageGeneration")
        .into_iter()
        .map(timeless)
        .collect();
    assert_eq!(completed, std::slice::from_ref(&made));
    assert_eq!((mode(&path), mode(&folder)), (0o600, 0o700));
    let seen = output(&model, "a/../b");
    assert_eq!(
        seen[0],
        json!({"type": "input_image", "image_url": format!("data:image/png;base64,{PNG}"), "detail": "original"})
    );
    assert!(
        seen[1]["text"].as_str().unwrap().contains(path.to_str().unwrap()),
        "{seen}"
    );
    app.stop().await;
    assert!(!app.stderr().contains(PNG));

    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    let items = resumed["thread"]["turns"][0]["items"].as_array().unwrap();
    assert!(items.iter().map(timeless).any(|item| item == made), "{items:?}");
    app.stop().await;
}

#[tokio::test]
async fn images_are_made_from_files_and_from_those_of_the_conversation() {
    let home = Home::empty();
    let file = home.work().join("a.png");
    let url = format!("data:image/png;base64,{PNG}");
    let model = model(
        &[
            ("c1", json!({"prompt": "new", "transparent_background": true})),
            ("c2", json!({"prompt": "file", "referenced_image_paths": [file]})),
            ("c3", json!({"prompt": "seen", "num_last_images_to_include": 3})),
        ],
        [Answer::new()
            .body(json!({"background": "transparent", "data": [{"b64_json": PNG, "generation_id": "g"}]}))],
    );
    configure(&home, &model, config());
    std::fs::write(&file, base64(PNG)).unwrap();
    let app = signed_in(&home).await;
    let thread = app.start_thread(json!({})).await;
    let input = json!({"input": [{"type": "image", "url": GIF_URL}, {"type": "text", "text": "Go"}]});
    let turn = app.run_turn_with(&thread, "", input).await;
    let requests = drawn(&model);
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, [NEW, EDIT, EDIT]);
    assert_eq!(requests[0].body["background"], "transparent");
    assert_eq!(requests[1].body["images"], json!([{"image_url": url}]));
    assert_eq!(
        requests[2].body["images"],
        json!([{"image_url": GIF_URL}, {"image_url": url}, {"image_url": url}])
    );
    let items = turn.items_of("imageGeneration");
    assert_eq!(items.len(), 3);
    assert_eq!(items[0]["transparentBackground"], true);
    assert_eq!(items[0]["generationId"], "g");
    assert_eq!(
        items[1]["inputImages"],
        json!([{"path": file, "sha256": PNG_SHA256}])
    );
    assert!(items[2].get("inputImages").is_none());
    app.stop().await;
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

#[tokio::test]
async fn calls_that_make_no_sense_are_said_to_the_model_alone() {
    let home = Home::empty();
    let at = |name: &str| home.work().join(name).display().to_string();
    let calls = [
        (json!({}), "missing field `prompt`".to_owned()),
        (
            json!({"prompt": "x", "more": 1}),
            "unknown field `more`".to_owned(),
        ),
        (
            json!({"prompt": "x", "num_last_images_to_include": 1}),
            "the last 1 images of the conversation were asked for, but it has only 0".to_owned(),
        ),
        (
            json!({"prompt": "x", "referenced_image_paths": [at("none.png")]}),
            format!(
                "unable to read referenced image at `{}`: No such file",
                at("none.png")
            ),
        ),
        (
            json!({"prompt": "x", "referenced_image_paths": [at("words.png")]}),
            format!(
                "unable to process referenced image at `{}`: it is no PNG",
                at("words.png")
            ),
        ),
        (
            json!({"prompt": "x", "referenced_image_paths": [at("secret/a.gif")]}),
            format!("unable to read referenced image at `{}`: ", at("secret/a.gif")),
        ),
    ];
    let ids = ["c0", "c1", "c2", "c3", "c4", "c5"];
    let made: Vec<_> = ids
        .iter()
        .zip(&calls)
        .map(|(id, (arguments, _))| (*id, arguments.clone()))
        .collect();
    let model = model(&made, [image()]);
    let rules = format!(
        "[permissions.p]\nextends = \":read-only\"\n[permissions.p.filesystem]\n\"{}\" = \"none\"\n",
        at("secret")
    );
    let config = Config {
        sandbox_mode: "read-only".to_owned(),
        extra: rules,
        ..config()
    };
    configure(&home, &model, config);
    std::fs::write(at("words.png"), "words").unwrap();
    std::fs::create_dir(at("secret")).unwrap();
    std::fs::write(at("secret/a.gif"), GIF).unwrap();
    let app = signed_in(&home).await;
    let thread = app.start_thread(json!({"permissions": "p"})).await;
    let turn = app.run_turn(&thread, "Draw").await;
    assert!(turn.items_of("imageGeneration").is_empty());
    assert!(drawn(&model).is_empty());
    for (id, (_, expected)) in ids.iter().zip(&calls) {
        let said = output(&model, id);
        assert!(said.as_str().unwrap().contains(expected), "{id}: {said}");
    }
    app.stop().await;
}

#[tokio::test]
async fn what_the_server_does_not_draw_fails_and_is_kept() {
    let refused = || Answer::status(400).body(json!({"error": {"message": "not that"}}));
    for (reply, requests, expected) in [
        (refused(), 1, "not that"),
        (
            Answer::status(500).body(json!({})),
            3,
            "image generation failed: ",
        ),
        (
            Answer::new().body(json!({"data": []})),
            1,
            "image generation returned no image data",
        ),
        (Answer::new().body(json!("hm")), 1, "the answer could not be read"),
        (
            Answer::new().body(json!({"data": [{"b64_json": "d29yZHM="}]})),
            1,
            "it is no PNG, JPEG, GIF or WebP image",
        ),
    ] {
        let model = model(&[("c1", json!({"prompt": "a cat"}))], [reply]);
        let config = Config {
            request_retries: 2,
            ..config()
        };
        let home = Home::empty();
        configure(&home, &model, config);
        let app = signed_in(&home).await;
        let thread = app.start_thread(json!({})).await;
        let turn = app.run_turn(&thread, "Draw").await;
        assert_eq!(turn.status(), "completed");
        let failed = item("c1", "failed", Some("a cat"), "");
        let items: Vec<Value> = turn
            .items_of("imageGeneration")
            .into_iter()
            .map(timeless)
            .collect();
        assert_eq!(items, std::slice::from_ref(&failed));
        assert_eq!(drawn(&model).len(), requests, "{expected}");
        let said = output(&model, "c1");
        assert!(said.as_str().unwrap().contains(expected), "{said}");
        let params = json!({"threadId": thread, "itemsView": "full"});
        let turns = app.call("thread/turns/list", params).await;
        let kept = turns["data"][0]["items"].as_array().unwrap();
        assert!(kept.iter().map(timeless).any(|item| item == failed), "{kept:?}");
        app.stop().await;
    }
}

#[tokio::test]
async fn a_401_renews_the_tokens_and_the_image_is_asked_for_again() {
    let refused = Answer::status(401).body(json!({"error": {"message": "expired"}}));
    let model = model(&[("c1", json!({"prompt": "a cat"}))], [refused, image()]);
    let home = home_of(&model);
    let app = signed_in(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Draw").await;
    let asked = app.server_request("account/chatgptAuthTokens/refresh").await;
    let renewed = access_token("ws", 2, now() + 3600);
    let answer = json!({"accessToken": renewed, "chatgptAccountId": "ws", "chatgptPlanType": "pro"});
    app.respond(&asked, answer).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.items_of("imageGeneration")[0]["status"], "completed");
    let requests = drawn(&model);
    assert_eq!(requests.len(), 2);
    assert_eq!(
        requests[1].header("authorization"),
        Some(format!("Bearer {renewed}").as_str())
    );
    app.stop().await;
    assert!(!app.stderr().contains(&renewed));
}

#[tokio::test]
async fn an_interrupt_ends_the_wait_for_an_image() {
    let model = model(&[("c1", json!({"prompt": "a cat"}))], [Answer::new().hang()]);
    let home = home_of(&model);
    let app = signed_in(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Draw").await;
    app.wait_where("item/started", |params| {
        params["item"]["type"] == "imageGeneration"
    })
    .await;
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    assert_eq!(turn.items_of("imageGeneration")[0]["status"], "failed");
    app.run_turn(&thread, "Go on").await;
    let said = output(&model, "c1");
    assert!(
        said.as_str().unwrap().starts_with("aborted by user after"),
        "{said}"
    );
    app.stop().await;
}

#[tokio::test]
async fn only_chatgpt_accounts_are_offered_the_tool_and_only_while_it_is_switched_on() {
    let prompt = json!({"prompt": "a cat"});
    let model = model(&[("c1", prompt.clone())], [image()]);
    let home = home_of(&model);
    let app = App::start(&home).await;
    let key = json!({"type": "apiKey", "apiKey": "sk-1"});
    app.call("account/login/start", key).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Draw").await;
    assert!(!tools(&model.requests()[0]).contains(&"image_gen".to_owned()));
    assert_eq!(output(&model, "c1"), "unsupported call: image_genimagegen");
    assert!(drawn(&model).is_empty());
    // The account counts, as it is when a turn begins.
    app.call("account/login/start", own(1)).await;
    model.push(call("c2", &prompt));
    let turn = app.run_turn(&thread, "And now?").await;
    assert!(tools(model.requests().last().unwrap()).contains(&"image_gen".to_owned()));
    assert_eq!(turn.items_of("imageGeneration").len(), 1);
    app.stop().await;

    let off = Config {
        extra: "[features]\nimage_generation = false\n".to_owned(),
        ..config()
    };
    configure(&home, &model, off);
    let app = signed_in(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Draw").await;
    assert!(!tools(model.requests().last().unwrap()).contains(&"image_gen".to_owned()));
    app.stop().await;
}

#[tokio::test]
async fn a_namespace_of_the_client_takes_the_place_of_the_tool() {
    let model = model(&[("c1", json!({"prompt": "a cat"}))], [image()]);
    let home = home_of(&model);
    let app = signed_in(&home).await;
    let tool =
        json!({"type": "function", "name": "paint", "description": "d", "inputSchema": {"type": "object"}});
    let group = json!({"type": "namespace", "name": "image_gen", "description": "d", "tools": [tool]});
    let thread = app.start_thread(json!({"dynamicTools": [group]})).await;
    app.run_turn(&thread, "Draw").await;
    assert_eq!(output(&model, "c1"), "unsupported call: image_genimagegen");
    assert!(drawn(&model).is_empty());
    app.stop().await;
}

#[tokio::test]
async fn a_stored_account_is_known_in_the_first_turn_of_a_resumed_thread() {
    let model = MockModel::start("Hello");
    let home = home_of(&model);
    let authority = Authority::start();
    Authority::write_auth_json(&home.codex(), &authority.issue("ws"));
    let app = super::account::launch(&home, &authority).start().await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    app.stop().await;
    let app = super::account::launch(&home, &authority).start().await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    app.run_turn(&thread, "Hi again").await;
    for request in model.requests() {
        assert!(tools(&request).contains(&"image_gen".to_owned()));
    }
    app.stop().await;
}
