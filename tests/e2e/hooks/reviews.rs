//! Reviews of changes.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{home_with, hook, messages, runs, says, told};
use crate::support::{App, Config, Home, RunningTurn, TurnRun};

/// A model that has a command run in a review, then answers, and after that says something in the thread.
fn model() -> MockModel {
    let answer = json!({"findings": [], "overall_explanation": "Fine."}).to_string();
    MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": "touch ran"})),
        Answer::from(&*answer),
        Answer::from("Hello"),
    ])
}

async fn home(model: &MockModel) -> Home {
    let events = [
        "SessionStart",
        "UserPromptSubmit",
        "PreModelRequest",
        "PreToolUse",
        "PostToolUse",
        "Stop",
    ];
    let hooks = events.map(|event| hook(event, event, "")).concat();
    home_with(model, Config::default(), &hooks).await
}

async fn review(app: &App, thread: &str) -> TurnRun {
    let mark = app.mark();
    let target = json!({"type": "custom", "instructions": "Look at it"});
    let started = app
        .call("review/start", json!({"threadId": thread, "target": target}))
        .await;
    let id = started["turn"]["id"].as_str().unwrap().to_owned();
    app.end_of(RunningTurn::new(id, mark)).await
}

fn last_text(turn: &TurnRun) -> Value {
    let items = turn.all("item/completed").into_iter();
    let mut texts = items.filter(|params| params["item"]["type"] == "agentMessage");
    texts.next_back().unwrap()["item"]["text"].clone()
}

#[tokio::test]
async fn a_reviewer_is_asked_and_works_under_the_hooks_of_its_thread() {
    let model = model();
    let home = home(&model).await;
    says(&home, "UserPromptSubmit", "echo 'Be kind.'");
    says(&home, "PreToolUse", "echo 'not this' >&2; exit 2");
    let (app, thread) = App::with_thread(&home).await;
    let turn = review(&app, &thread).await;
    assert_eq!(last_text(&turn), "Fine.");
    assert!(!home.work().join("ran").exists(), "the command was not run");
    let requests = model.requests();
    assert_eq!(
        messages(requests[0].input(), "developer").last().unwrap(),
        "Be kind."
    );
    let told_of_call = requests[1].input().last().unwrap()["output"].to_string();
    assert!(told_of_call.contains("not this"), "{told_of_call}");

    let prompts = told(&home, "UserPromptSubmit");
    assert_eq!(prompts.len(), 1);
    assert_eq!(prompts[0]["prompt"], "Look at it");
    assert_eq!(
        (&prompts[0]["session_id"], &prompts[0]["turn_id"]),
        (&json!(thread), &json!(turn.id))
    );
    let transcript = prompts[0]["transcript_path"].as_str().unwrap();
    assert!(!transcript.contains(&thread) && std::path::Path::new(transcript).is_file());
    assert_eq!(told(&home, "PreModelRequest").len(), 2);
    let events: Vec<_> = runs(&turn)
        .into_iter()
        .map(|(event, status, _)| (event, status))
        .collect();
    let expected = [
        ("userPromptSubmit", "completed"),
        ("preModelRequest", "completed"),
        ("preToolUse", "blocked"),
        ("preModelRequest", "completed"),
    ];
    assert_eq!(
        events,
        expected.map(|(event, status)| (event.to_owned(), status.to_owned()))
    );

    // The thread itself has neither begun nor stopped by it.
    let of_thread = |name: &str| told(&home, name).len();
    assert_eq!((of_thread("SessionStart"), of_thread("Stop")), (0, 0));
    app.run_turn(&thread, "Hi").await;
    assert_eq!((of_thread("SessionStart"), of_thread("Stop")), (1, 1));
    assert_eq!(of_thread("UserPromptSubmit"), 2);
    app.stop().await;
}

#[tokio::test]
async fn a_review_that_hooks_refuse_has_no_result_and_asks_no_model() {
    let model = model();
    let home = home(&model).await;
    says(&home, "UserPromptSubmit", "echo 'no reviews' >&2; exit 2");
    let (app, thread) = App::with_thread(&home).await;
    let turn = review(&app, &thread).await;
    let left = turn.all("item/completed").into_iter();
    let left: Vec<_> = left
        .filter(|params| params["item"]["type"] == "exitedReviewMode")
        .collect();
    assert_eq!(left[0]["item"]["review"], "Reviewer failed to output a response.");
    assert_eq!(model.requests().len(), 0);
    app.stop().await;
}
