//! Images that the model looks at, and those that the user sends (docs/contract/tools.md#images,
//! docs/contract/turns.md#images).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home};

/// One red pixel, as bytes and as a data URL.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b";
/// The same pixel in a picture of 2,100 times 4.
const WIDE_GIF_URL: &str = "data:image/gif;base64,R0lGODlhNAgEAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=";
const GIF_URL: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=";

fn output(model: &MockModel, request: usize, call: &str) -> Value {
    let requests = model.requests();
    let outputs = requests[request].input_of("function_call_output");
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

fn offers_view_image(model: &MockModel, request: usize) -> bool {
    let requests = model.requests();
    let tools = requests[request].body["tools"].as_array().unwrap();
    tools.iter().any(|tool| tool["name"] == "view_image")
}

#[tokio::test]
async fn the_model_looks_at_an_image_of_the_working_folder() {
    let model = MockModel::start([
        Answer::new().call("c1", "view_image", json!({"path": "a.gif"})),
        Answer::from("Red"),
        Answer::from("Still red"),
    ]);
    let home = Home::new(&model);
    let path = home.work().join("a.gif");
    std::fs::write(&path, GIF).unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "What colour is it?").await;
    assert_eq!(turn.status(), "completed");
    let item = json!({"type": "imageView", "id": "c1", "path": path.to_str().unwrap()});
    let viewed: Vec<Value> = turn.items_of("imageView").into_iter().map(timeless).collect();
    assert_eq!(viewed, std::slice::from_ref(&item));
    let started = turn
        .all("item/started")
        .into_iter()
        .filter(|params| timeless(&params["item"]) == item)
        .count();
    assert_eq!(started, 1);
    let seen = json!([{"type": "input_image", "image_url": GIF_URL, "detail": "high"}]);
    assert_eq!(output(&model, 1, "c1"), seen);
    assert!(offers_view_image(&model, 0));
    app.stop().await;

    // Neither the item nor what the model saw depends on the file any more.
    std::fs::remove_file(&path).unwrap();
    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    let items = resumed["thread"]["turns"][0]["items"].as_array().unwrap();
    let items: Vec<Value> = items.iter().map(timeless).collect();
    assert!(items.contains(&item), "{items:?}");
    app.run_turn(&thread, "And now?").await;
    assert_eq!(output(&model, 2, "c1"), seen);
    app.stop().await;
}

#[tokio::test]
async fn a_missing_image_is_said_to_the_model_alone() {
    let model = MockModel::start([
        Answer::new()
            .call("c1", "view_image", json!({"path": "none.png"}))
            .call("c2", "view_image", json!({"path": "words.png"}))
            .call("c3", "view_image", json!({"path": "words.png", "detail": "low"})),
        Answer::from("Oh"),
    ]);
    let home = Home::new(&model);
    std::fs::write(home.work().join("words.png"), "words").unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Look").await;
    assert_eq!(turn.status(), "completed");
    assert!(turn.items_of("imageView").is_empty());
    let at = |name: &str| home.work().join(name).display().to_string();
    assert_eq!(
        output(&model, 1, "c1"),
        format!(
            "unable to locate image at `{}`: No such file or directory (os error 2)",
            at("none.png")
        )
    );
    assert_eq!(
        output(&model, 1, "c2"),
        format!(
            "unable to view image at `{}`: it is no PNG, JPEG, GIF or WebP image",
            at("words.png")
        )
    );
    let refused = output(&model, 1, "c3");
    assert!(
        refused
            .as_str()
            .unwrap()
            .contains("can only be `high` or `original`"),
        "{refused}"
    );
    app.stop().await;
}

#[tokio::test]
async fn the_tool_can_be_switched_off() {
    let model = MockModel::start([
        Answer::new().call("c1", "view_image", json!({"path": "a.gif"})),
        Answer::from("Oh"),
    ]);
    let config = Config {
        extra: "[features]\nview_image = false\n".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    std::fs::write(home.work().join("a.gif"), GIF).unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Look").await;
    assert!(!offers_view_image(&model, 0));
    assert_eq!(output(&model, 1, "c1"), "unsupported call: view_image");
    app.stop().await;
}

#[tokio::test]
async fn models_that_are_known_get_the_users_images_in_the_original() {
    for (slug, detail) in [("gpt-5.5", "original"), ("gpt-of-elsewhere", "high")] {
        let model = MockModel::start(["Seen"]);
        let config = Config {
            model: slug.to_owned(),
            ..Config::default()
        };
        let home = Home::with(&model, &config);
        let file = home.work().join("a.gif");
        std::fs::write(&file, GIF).unwrap();
        let app = App::start(&home).await;
        let thread = app.start_thread(json!({})).await;
        let input = json!({"input": [
            {"type": "image", "url": GIF_URL},
            {"type": "localImage", "path": file},
            {"type": "image", "url": GIF_URL, "detail": "low"},
        ]});
        app.run_turn_with(&thread, "Look", input).await;
        let requests = model.requests();
        let content = requests[0].input().last().unwrap()["content"].clone();
        let details: Vec<_> = content
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|part| part.get("detail"))
            .collect();
        assert_eq!(details, [detail, detail, "low"]);
        app.stop().await;
    }
}

#[tokio::test]
async fn how_large_an_image_may_be_follows_from_its_detail() {
    let model = MockModel::start("Seen");
    let config = Config {
        model: "gpt-5.5".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let input = json!({"input": [
        {"type": "image", "url": WIDE_GIF_URL},
        {"type": "image", "url": WIDE_GIF_URL, "detail": "high"},
        {"type": "image", "fileId": "file-1"},
    ]});
    app.run_turn_with(&thread, "Look", input).await;
    let requests = model.requests();
    let content = requests[0].input().last().unwrap()["content"].clone();
    assert_eq!(content[0]["image_url"], WIDE_GIF_URL, "the original");
    let scaled = content[1]["image_url"].as_str().unwrap();
    assert!(scaled.starts_with("data:image/png;base64,"), "{scaled}");
    assert_eq!(content[2]["detail"], "high", "only the server knows its size");
    app.stop().await;
}

#[tokio::test]
async fn images_of_the_user_travel_inline_and_bad_files_become_words() {
    let model = MockModel::start(["Seen"]);
    let home = Home::new(&model);
    let at = |name: &str| home.work().join(name).display().to_string();
    std::fs::write(at("a.png"), GIF).unwrap();
    std::fs::write(at("half.png"), &GIF[..20]).unwrap();
    std::fs::write(
        at("bomb.gif"),
        [&b"GIF89a\xff\xff\xff\xff"[..], &GIF[10..]].concat(),
    )
    .unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let input = json!({"input": [
        {"type": "image", "url": GIF_URL},
        {"type": "image", "url": "data:image/png;base64,AA=="},
        {"type": "localImage", "path": at("a.png")},
        {"type": "localImage", "path": at("half.png")},
        {"type": "localImage", "path": at("bomb.gif")},
        {"type": "localImage", "path": at("none.png")},
    ]});
    let turn = app.run_turn_with(&thread, "Look", input).await;
    assert_eq!(turn.status(), "completed");
    let said = &turn.all("item/completed")[0]["item"]["content"];
    assert_eq!(said[0], json!({"type": "image", "url": GIF_URL, "detail": null}));
    assert_eq!(
        said[2],
        json!({"type": "localImage", "path": at("a.png"), "detail": null})
    );
    let requests = model.requests();
    let content = requests[0].input().last().unwrap()["content"].clone();
    assert_eq!(content[0]["image_url"], GIF_URL);
    assert_eq!(
        content[1]["text"],
        "An image was left out here: it is no PNG, JPEG, GIF or WebP image"
    );
    let mark = format!("<image name=[Image #3] path=\"{}\">", at("a.png"));
    assert_eq!(content[2]["text"], mark);
    assert_eq!(content[3]["image_url"], GIF_URL);
    assert_eq!(content[4]["text"], "</image>");
    let words = |number: usize| content[number]["text"].as_str().unwrap().to_owned();
    assert_eq!(
        words(5),
        format!("<image name=[Image #4] path=\"{}\">", at("half.png"))
    );
    assert!(
        words(6).starts_with("An image was left out here: it can't be decoded"),
        "{}",
        words(6)
    );
    assert_eq!(words(7), "</image>");
    assert!(words(9).contains("it has 65535 x 65535 pixels"), "{}", words(9));
    let missing = format!(
        "The user attached the image `{}`, but it could not be read: ",
        at("none.png")
    );
    assert!(words(11).starts_with(&missing), "{}", words(11));
    app.stop().await;
}
