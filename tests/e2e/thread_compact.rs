//! Summing up histories (docs/contract/turns.md#compaction, docs/contract/context.md#compaction).

mod automatic;
mod failures;
mod limits;
mod storage;
mod turn_state;

use codex_core::mock_model::{Answer, Complete, MockModel, Request, Step};
use serde_json::{Value, json};

use crate::support::{App, Config, Home, RunningTurn, TurnRun};

/// Name of the provider whose server sums up by itself.
const REMOTE: &str = "OpenAI";

/// A home whose provider sums up remotely.
fn remote_home(model: &MockModel, config: &Config) -> Home {
    let home = Home::with(model, config);
    let file = home.codex().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    home.write_config(&text.replace(r#"name = "mock""#, &format!("name = \"{REMOTE}\"")));
    home
}

/// An answer after which the thread has so many tokens.
fn with_tokens(answer: Answer, input_tokens: u64) -> Answer {
    answer.step(Step::Complete(Complete {
        input_tokens,
        ..Complete::default()
    }))
}

/// A sealed summary.
fn sealed() -> Answer {
    let item = json!({"type": "compaction", "id": "cmp_1", "encrypted_content": "SEALED"});
    Answer::new().event(json!({"type": "response.output_item.done", "item": item}))
}

/// What each item of a request is: texts of messages, kinds of others. Our own texts are shortened to what they are.
fn told(request: &Request) -> Vec<String> {
    let item = |item: &Value| {
        let texts = item["content"].as_array().map(|parts| {
            let texts = parts.iter().map(|part| match part["text"].as_str() {
                Some(text) => text.to_owned(),
                None => format!("({})", part["type"].as_str().unwrap_or_default()),
            });
            texts.collect::<Vec<_>>().join("|")
        });
        match (item["role"].as_str(), texts) {
            (Some("developer"), _) => "rules".to_owned(),
            (Some("user"), Some(text)) if text.starts_with("<environment_context>") => "place".to_owned(),
            (Some("user"), Some(text)) if text.starts_with("<turn_aborted>") => "stopped".to_owned(),
            (Some("user"), Some(text)) if text.contains("is about to be replaced") => "sum up".to_owned(),
            (Some("user"), Some(text)) if text.contains("was replaced by a hand-over") => {
                // `codex` would take it for words of the user without this mark.
                let marked = text
                    .strip_prefix("<codex_internal_context source=\"compaction\">\n")
                    .and_then(|text| text.strip_suffix("\n</codex_internal_context>"))
                    .unwrap_or("not marked");
                format!("summary: {}", marked.rsplit("\n\n").next().unwrap_or_default())
            }
            (Some("assistant"), Some(text)) => format!("model: {text}"),
            (Some(_), Some(text)) => text,
            _ => item["type"].as_str().unwrap_or_default().to_owned(),
        }
    };
    request.input().iter().map(item).collect()
}

/// A member of the turn metadata of a request.
fn metadata(request: &Request) -> Value {
    serde_json::from_str(
        request.body["client_metadata"]["x-codex-turn-metadata"]
            .as_str()
            .unwrap(),
    )
    .unwrap()
}

/// Starts a compaction; gives its turn once it has begun.
async fn start_compaction(app: &App, thread: &str) -> (RunningTurn, Value) {
    let mark = app.mark();
    let answer = app
        .call("thread/compact/start", json!({"threadId": thread}))
        .await;
    assert_eq!(answer, json!({}));
    let started = app
        .wait_where("item/started", |params| {
            params["item"]["type"] == "contextCompaction"
        })
        .await;
    let id = started["turnId"].as_str().unwrap().to_owned();
    (RunningTurn::new(id, mark), started["item"].clone())
}

/// Sums up the history of a thread.
pub async fn compact(app: &App, thread: &str) -> TurnRun {
    let (running, _) = start_compaction(app, thread).await;
    app.end_of(running).await
}

/// Lines of a thread's file.
async fn lines(app: &App, thread: &str) -> Vec<Value> {
    let read = app.call("thread/read", json!({"threadId": thread})).await;
    let text = std::fs::read_to_string(read["thread"]["path"].as_str().unwrap()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_history_is_summed_up_by_a_turn_of_its_own() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::new().say("second answer"),
        Answer::new().say("what was done"),
        Answer::new().say("third answer"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    app.run_turn(&thread, "two").await;
    let turn = compact(&app, &thread).await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(
        turn.methods()
            .into_iter()
            .filter(|method| *method != "warning")
            .collect::<Vec<_>>(),
        [
            "thread/status/changed",
            "turn/started",
            "item/started",
            "thread/tokenUsage/updated",
            "thread/tokenUsage/updated",
            "thread/tokenUsage/updated",
            "item/completed",
            "thread/status/changed",
            "turn/completed",
        ]
    );
    assert_eq!(turn.turn["items"], json!([]));
    let usages: Vec<_> = turn
        .all("thread/tokenUsage/updated")
        .iter()
        .map(|params| {
            let usage = &params["tokenUsage"];
            (
                usage["total"]["totalTokens"].as_i64().unwrap(),
                usage["last"]["totalTokens"].as_i64().unwrap(),
                usage["last"]["inputTokens"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(usages[..2], [(30, 15, 10), (45, 15, 10)]);
    assert_eq!((usages[2].0, usages[2].2), (45, 0));
    assert!(usages[2].1 > 100, "an estimate: {usages:?}");

    app.run_turn(&thread, "three").await;
    let requests = model.requests();
    let summing = &requests[2];
    assert_eq!(
        told(summing),
        [
            "rules",
            "place",
            "one",
            "model: first answer",
            "two",
            "model: second answer",
            "sum up"
        ]
    );
    assert_eq!(summing.body["tools"], json!([]));
    assert_eq!(summing.body["parallel_tool_calls"], false);
    let described = metadata(summing);
    assert_eq!(described["request_kind"], "compaction");
    assert_eq!(
        described["compaction"],
        json!({"trigger": "manual", "reason": "user_requested", "implementation": "responses",
            "phase": "standalone_turn", "strategy": "memento"})
    );
    assert_eq!(
        told(&requests[3]),
        ["one", "rules", "place", "two", "summary: what was done", "three"]
    );
    assert!(requests[3].body["tools"].as_array().unwrap().len() > 1);
    let windows: Vec<_> = requests
        .iter()
        .map(|request| request.header("x-codex-window-id").unwrap().to_owned())
        .collect();
    let window = |number: u32| format!("{thread}:{number}");
    assert_eq!(windows, [window(0), window(0), window(0), window(1)]);
    assert_ne!(
        metadata(&requests[3])["context_window_id"],
        metadata(summing)["context_window_id"]
    );
}

#[tokio::test]
async fn a_second_summary_replaces_the_first() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::new().say("old summary"),
        Answer::new().say("second answer"),
        Answer::new().say("new summary"),
        Answer::new().say("third answer"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    compact(&app, &thread).await;
    app.run_turn(&thread, "two").await;
    compact(&app, &thread).await;
    app.run_turn(&thread, "three").await;
    let requests = model.requests();
    assert_eq!(
        told(&requests[3]),
        [
            "rules",
            "place",
            "one",
            "summary: old summary",
            "two",
            "model: second answer",
            "sum up"
        ]
    );
    assert_eq!(
        told(&requests[4]),
        ["one", "rules", "place", "two", "summary: new summary", "three"]
    );
}

#[tokio::test]
async fn openais_server_seals_the_summary_itself() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        sealed(),
        Answer::new().say("second answer"),
    ]);
    let home = remote_home(&model, &Config::default());
    let (app, thread) = App::with_thread(&home).await;
    let image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let input = json!([{"type": "text", "text": "one"}, {"type": "image", "url": image}]);
    app.run_turn_with(&thread, "", json!({"input": input})).await;
    let turn = compact(&app, &thread).await;
    assert_eq!(turn.status(), "completed");
    let usages = turn.all("thread/tokenUsage/updated");
    assert_eq!(usages.len(), 1, "only the estimate");
    assert_eq!(usages[0]["tokenUsage"]["total"]["totalTokens"], 15);
    app.run_turn(&thread, "two").await;
    let requests = model.requests();
    assert_eq!(
        told(&requests[1]),
        [
            "rules",
            "place",
            "one|(input_image)",
            "model: first answer",
            "compaction_trigger"
        ]
    );
    assert_eq!(requests[1].body["tools"], requests[0].body["tools"]);
    assert_eq!(
        metadata(&requests[1])["compaction"]["implementation"],
        "responses_compaction_v2"
    );
    assert_eq!(
        told(&requests[2]),
        ["rules", "place", "one|(input_image)", "compaction", "two"]
    );
    assert_eq!(requests[2].input()[3]["encrypted_content"], "SEALED");
}

#[tokio::test]
async fn over_websocket_what_follows_is_sent_in_full() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        sealed(),
        Answer::new().say("second answer"),
        Answer::new().say("third answer"),
    ]);
    let config = Config {
        websockets: true,
        ..Config::default()
    };
    let home = remote_home(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    compact(&app, &thread).await;
    app.run_turn(&thread, "two").await;
    app.run_turn(&thread, "three").await;
    let requests = model.requests();
    assert_eq!(
        told(&requests[1]),
        ["compaction_trigger"],
        "the rest is there already"
    );
    assert_eq!(told(&requests[2]), ["rules", "place", "one", "compaction", "two"]);
    assert_eq!(requests[2].body["previous_response_id"], Value::Null);
    assert_eq!(told(&requests[3]), ["three"]);
}

#[tokio::test]
async fn a_turn_that_runs_makes_way() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::new().half("half").step(Step::Hang),
        Answer::new().say("what was done"),
        Answer::new().say("third answer"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let running = app.start_turn(&thread, "two").await;
    app.wait_where("item/agentMessage/delta", |params| {
        params["turnId"] == running.id.as_str()
    })
    .await;
    let (compaction, _) = start_compaction(&app, &thread).await;
    assert_eq!(app.end_of(running).await.status(), "interrupted");
    assert_eq!(app.end_of(compaction).await.status(), "completed");
    app.run_turn(&thread, "three").await;
    let requests = model.requests();
    assert_eq!(
        told(&requests[2]),
        ["rules", "place", "one", "model: first answer", "two", "sum up"],
        "nothing is said of the interruption"
    );
    assert_eq!(
        told(&requests[3]),
        ["one", "rules", "place", "two", "summary: what was done", "three"]
    );
}

#[tokio::test]
async fn it_takes_no_input_and_can_be_interrupted() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::new().half("half a summary").step(Step::Hang),
        Answer::new().say("second answer"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let (running, _) = start_compaction(&app, &thread).await;
    let input = json!([{"type": "text", "text": "more"}]);
    let steer = json!({"threadId": thread, "expectedTurnId": running.id, "input": input});
    let refused = app.call_err("turn/steer", steer).await;
    assert_eq!(
        (refused.code, &*refused.message),
        (-32600, "cannot steer a compact turn")
    );
    assert_eq!(
        refused.data["codexErrorInfo"],
        json!({"activeTurnNotSteerable": {"turnKind": "compact"}})
    );
    let start = json!({"threadId": thread, "input": input});
    let refused = app.call_err("turn/start", start).await;
    assert_eq!(refused.code, -32603);
    model.wait_for_requests(2).await.unwrap();
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    assert!(turn.items().is_empty());
    app.run_turn(&thread, "two").await;
    assert_eq!(
        told(&model.requests()[2]),
        ["rules", "place", "one", "model: first answer", "stopped", "two"]
    );
}

#[tokio::test]
async fn the_user_may_ask_in_their_own_words() {
    let model = MockModel::start([Answer::new().say("first answer"), Answer::new().say("short")]);
    let config = Config {
        top: "compact_prompt = \"In one word, please.\"".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    compact(&app, &thread).await;
    assert_eq!(told(&model.requests()[1]).last().unwrap(), "In one word, please.");
}

#[tokio::test]
async fn the_users_own_words_may_be_in_a_file() {
    let model = MockModel::start([Answer::new().say("first answer"), Answer::new().say("short")]);
    let config = Config {
        top: "experimental_compact_prompt_file = \"prompts/short.md\"".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    std::fs::create_dir(home.codex().join("prompts")).unwrap();
    let file = home.codex().join("prompts/short.md");
    std::fs::write(&file, "In two words, please.\n").unwrap();
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    compact(&app, &thread).await;
    assert_eq!(
        told(&model.requests()[1]).last().unwrap(),
        "In two words, please."
    );
    std::fs::remove_file(&file).unwrap();
    let refused = app.call_err("thread/start", json!({})).await;
    assert!(
        refused.message.contains("experimental_compact_prompt_file"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_client_can_read_that_it_happened() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let (running, item) = start_compaction(&app, &thread).await;
    let turn = app.end_of(running).await;
    let read = app
        .call("thread/read", json!({"threadId": thread, "includeTurns": true}))
        .await;
    let turns = read["thread"]["turns"].as_array().unwrap();
    assert_eq!(turns.len(), 2);
    assert_eq!(turns[1]["id"], turn.id.as_str());
    assert_eq!(turns[1]["items"][0]["type"], "contextCompaction");
    assert_eq!(turns[1]["items"][0]["id"], item["id"]);
    let unknown = json!({"threadId": "01990000-0000-7000-8000-000000000000"});
    let refused = app.call_err("thread/compact/start", unknown).await;
    assert_eq!(refused.code, -32600);
}
