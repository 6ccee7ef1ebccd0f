//! The server's routing state and the requests that sum up a history in the same turn.

use codex_core::mock_model::{Answer, MockModel, Request};
use serde_json::json;

use super::{compact, remote_home, sealed, with_tokens};
use crate::support::{App, Config, Home};

const STATE: &str = "x-codex-turn-state";

fn limited(websockets: bool) -> Config {
    Config {
        top: "model_auto_compact_token_limit = 50000".to_owned(),
        websockets,
        ..Config::default()
    }
}

/// An answer that brings a value.
fn bringing(answer: Answer, value: &str, websockets: bool) -> Answer {
    if !websockets {
        return answer.header(STATE, value);
    }
    let mut with = Answer::new().event(json!({"type": "response.metadata", "headers": {STATE: value}}));
    // Behind the event that opens the response.
    with.steps.extend(answer.steps);
    with
}

fn sent(request: &Request, websockets: bool) -> Option<String> {
    if websockets {
        let metadata = &request.body["client_metadata"][STATE];
        return metadata.as_str().map(str::to_owned);
    }
    request.header(STATE).map(str::to_owned)
}

fn call() -> Answer {
    let call = Answer::new().call("c1", "exec_command", json!({"cmd": "true"}));
    with_tokens(call, 60_000)
}

fn large() -> Answer {
    with_tokens(Answer::new().say("first answer"), 60_000)
}

/// Runs both kinds of compaction over both transports.
async fn states(
    answers: impl Fn(Answer, bool) -> Vec<Answer>,
    turns: usize,
) -> Vec<(bool, bool, Vec<Option<String>>)> {
    let mut all = Vec::new();
    for remote in [false, true] {
        for websockets in [false, true] {
            let summary = if remote {
                sealed()
            } else {
                Answer::new().say("what was done")
            };
            let model = MockModel::start(answers(summary, websockets));
            let config = limited(websockets);
            let home = if remote {
                remote_home(&model, &config)
            } else {
                Home::with(&model, &config)
            };
            let (app, thread) = App::with_thread(&home).await;
            for turn in 0..turns {
                let turn = app.run_turn(&thread, &format!("turn {turn}")).await;
                assert_eq!(turn.status(), "completed");
            }
            let states = model
                .requests()
                .iter()
                .map(|request| sent(request, websockets))
                .collect();
            all.push((remote, websockets, states));
        }
    }
    all
}

fn owned(state: Option<&str>) -> Option<String> {
    state.map(str::to_owned)
}

#[tokio::test]
async fn turn_state_goes_with_a_compaction_in_mid_turn_and_beyond() {
    let answers = |summary, websockets| {
        vec![
            bringing(call(), "one", websockets),
            bringing(summary, "two", websockets),
            Answer::new().say("all done"),
            Answer::new().say("next turn"),
        ]
    };
    for (remote, websockets, states) in states(answers, 2).await {
        assert_eq!(
            states,
            [None, Some("one"), Some("one"), None].map(owned),
            "remote: {remote}, websockets: {websockets}"
        );
    }
}

#[tokio::test]
async fn turn_state_that_a_compaction_in_mid_turn_brings_first_counts_for_the_turn() {
    let answers = |summary, websockets| {
        vec![
            call(),
            bringing(summary, "two", websockets),
            bringing(Answer::new().say("all done"), "three", websockets),
            Answer::new().say("next turn"),
        ]
    };
    for (remote, websockets, states) in states(answers, 2).await {
        assert_eq!(
            states,
            [None, None, Some("two"), None].map(owned),
            "remote: {remote}, websockets: {websockets}"
        );
    }
}

#[tokio::test]
async fn turn_state_of_a_compaction_before_the_turn_counts_for_the_turn() {
    let answers = |summary, websockets| {
        vec![
            bringing(large(), "of the turn before", websockets),
            bringing(summary, "two", websockets),
            call(),
            Answer::new().say("done"),
        ]
    };
    for (remote, websockets, states) in states(
        |summary, websockets| {
            let mut answers = answers(summary, websockets);
            // The call must not lead to another compaction.
            answers[2] = Answer::new().call("c1", "exec_command", json!({"cmd": "true"}));
            answers
        },
        2,
    )
    .await
    {
        assert_eq!(
            states,
            [None, None, Some("two"), Some("two")].map(owned),
            "remote: {remote}, websockets: {websockets}"
        );
    }
}

#[tokio::test]
async fn turn_state_of_a_compaction_turn_stays_in_it() {
    for websockets in [false, true] {
        let model = MockModel::start([
            bringing(Answer::new().say("first answer"), "one", websockets),
            bringing(Answer::new().say("what was done"), "two", websockets),
            Answer::new().say("second answer"),
        ]);
        let config = Config {
            websockets,
            ..Config::default()
        };
        let home = Home::with(&model, &config);
        let (app, thread) = App::with_thread(&home).await;
        app.run_turn(&thread, "one").await;
        compact(&app, &thread).await;
        app.run_turn(&thread, "two").await;
        let states: Vec<_> = model
            .requests()
            .iter()
            .map(|request| sent(request, websockets))
            .collect();
        assert_eq!(states, [None, None, None].map(owned));
    }
}
