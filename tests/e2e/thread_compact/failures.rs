//! Summing up that goes wrong: the history stays as it was.

use codex_core::mock_model::{Answer, MockModel, Step};
use serde_json::json;

use super::{compact, remote_home, sealed, start_compaction, told, with_tokens};
use crate::support::{App, Config, Home};

fn refused() -> Answer {
    Answer::new().fail("context_length_exceeded", "too long")
}

#[tokio::test]
async fn a_failure_leaves_the_history_as_it_was() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::status(400).body(json!({"error": {"message": "no such thing"}})),
        Answer::new().say("second answer"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let turn = compact(&app, &thread).await;
    assert_eq!(turn.status(), "failed");
    assert!(turn.items().is_empty(), "it was not completed");
    assert!(turn.methods().contains(&"error"));
    app.run_turn(&thread, "two").await;
    let last = model.requests().pop().unwrap();
    assert_eq!(
        told(&last),
        ["rules", "place", "one", "model: first answer", "two"]
    );
    assert_eq!(last.header("x-codex-window-id"), Some(&*format!("{thread}:0")));
}

#[tokio::test]
async fn a_turn_that_cannot_be_made_room_for_fails_and_keeps_what_was_said() {
    let failing = || Answer::status(400).body(json!({"error": {"message": "no such thing"}}));
    let model = MockModel::start([
        with_tokens(Answer::new().say("first answer"), 60_000),
        failing(),
        Answer::new().say("what was done"),
        Answer::new().say("third answer"),
    ]);
    let config = Config {
        top: "model_auto_compact_token_limit = 50000".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let turn = app.run_turn(&thread, "two").await;
    assert_eq!(turn.status(), "failed");
    assert_eq!(
        turn.items_of("userMessage").len(),
        1,
        "what the user said is there all the same"
    );
    let turn = app.run_turn(&thread, "three").await;
    assert_eq!(turn.status(), "completed");
    let requests = model.requests();
    assert_eq!(
        told(&requests[2]),
        ["rules", "place", "one", "model: first answer", "two", "sum up"],
        "the next turn begins with another try"
    );
    assert_eq!(
        told(&requests[3]),
        ["one", "rules", "place", "two", "summary: what was done", "three"]
    );
}

#[tokio::test]
async fn a_request_that_is_too_long_leaves_out_the_oldest_parts() {
    let mut answers: Vec<_> = (0..8)
        .map(|turn| Answer::new().say(&format!("answer {turn}")))
        .collect();
    answers.extend([
        refused(),
        refused(),
        Answer::new().say("what was done"),
        Answer::new().say("ok"),
    ]);
    let model = MockModel::start(answers);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    for turn in 0..8 {
        app.run_turn(&thread, &format!("turn {turn} {}", "x".repeat(2_000)))
            .await;
    }
    let turn = compact(&app, &thread).await;
    assert_eq!(turn.status(), "completed");
    app.run_turn(&thread, "last").await;
    let requests = model.requests();
    let tries: Vec<_> = requests[8..11].iter().map(told).collect();
    assert!(tries[0].len() > tries[1].len() && tries[1].len() > tries[2].len());
    for tried in &tries {
        assert_eq!(tried.last().unwrap(), "sum up");
        assert_eq!(tried[tried.len() - 2], "model: answer 7", "the newest part stays");
    }
    let after = told(&requests[11]);
    let kept = after.iter().filter(|text| text.starts_with("turn ")).count();
    assert_eq!(kept, 8, "what the user said comes from the whole history");
}

#[tokio::test]
async fn what_stays_too_long_fails_after_a_few_tries() {
    let model = MockModel::start([Answer::new().say("first answer"), refused().always()]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let turn = compact(&app, &thread).await;
    assert_eq!(turn.status(), "failed");
    assert_eq!(turn.turn["error"]["codexErrorInfo"], "contextWindowExceeded");
    let tries = model.requests().len() - 1;
    assert!((2..=9).contains(&tries), "{tries}");
    let last = told(&model.requests().pop().unwrap());
    assert_eq!(last, ["model: first answer", "sum up"]);
}

#[tokio::test]
async fn an_empty_answer_is_replaced_by_the_last_words_of_the_model() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::new(),
        Answer::new().say("second answer"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    assert_eq!(compact(&app, &thread).await.status(), "completed");
    app.run_turn(&thread, "two").await;
    assert_eq!(
        told(&model.requests()[2]),
        ["rules", "place", "one", "summary: first answer", "two"]
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_tried_again() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::new().bare().half("half a summ").step(Step::Drop),
        Answer::new().say("what was done"),
        Answer::new().say("second answer"),
    ]);
    let config = Config {
        stream_retries: 1,
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let turn = compact(&app, &thread).await;
    assert_eq!(turn.status(), "completed");
    let errors = turn.all("error");
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0]["willRetry"], true);
    app.run_turn(&thread, "two").await;
    assert_eq!(told(&model.requests()[3])[3], "summary: what was done");
}

#[tokio::test]
async fn a_sealed_summary_must_be_one() {
    for (answer, expected) in [
        (Answer::new().say("text"), "got 0 from 1 output items"),
        (Answer::new(), "got 0 from 0 output items"),
        (
            {
                let second = json!({"type": "compaction", "id": "cmp_2", "encrypted_content": "MORE"});
                sealed().event(json!({"type": "response.output_item.done", "item": second}))
            },
            "got 2 from 2 output items",
        ),
    ] {
        let model = MockModel::start([Answer::new().say("first answer"), answer]);
        let home = remote_home(&model, &Config::default());
        let (app, thread) = App::with_thread(&home).await;
        app.run_turn(&thread, "one").await;
        let turn = compact(&app, &thread).await;
        assert_eq!(turn.status(), "failed");
        let message = turn.turn["error"]["message"].as_str().unwrap();
        assert_eq!(
            message,
            format!(
                "Error running remote compact task: Fatal error: remote compaction v2 expected exactly one compaction \
                 output item, {expected}"
            )
        );
        app.run_turn(&thread, "two").await;
        let last = told(&model.requests().pop().unwrap());
        assert_eq!(last, ["rules", "place", "one", "model: first answer", "two"]);
    }
}

#[tokio::test]
async fn a_remote_failure_is_tried_three_times_at_most() {
    let broken = || Answer::new().bare().step(Step::Drop).always();
    let model = MockModel::start([Answer::new().say("first answer"), broken()]);
    let config = Config {
        stream_retries: 9,
        ..Config::default()
    };
    let home = remote_home(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let turn = compact(&app, &thread).await;
    assert_eq!(turn.status(), "failed");
    assert_eq!(model.requests().len(), 4);
    let message = turn.turn["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Error running remote compact task: "),
        "{message}"
    );
    let notices: Vec<_> = turn
        .all("error")
        .iter()
        .filter(|error| error["willRetry"] == true)
        .map(|error| error["error"]["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(notices, ["Reconnecting... 1/2", "Reconnecting... 2/2"]);
}

#[tokio::test]
async fn an_interrupt_ends_the_wait_for_another_try() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::status(503).header("retry-after", "300"),
    ]);
    let config = Config {
        stream_retries: 3,
        request_retries: 3,
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let (running, _) = start_compaction(&app, &thread).await;
    app.wait_for("error").await;
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    app.run_turn(&thread, "two").await;
    assert_eq!(
        told(&model.requests().pop().unwrap()),
        ["rules", "place", "one", "model: first answer", "stopped", "two"]
    );
}
