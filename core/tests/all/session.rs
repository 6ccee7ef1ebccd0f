//! Turns from their start to their end, through the boundary of the engine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codex_core::mock_model::{Answer, Complete, Script};
use codex_core::*;
use serde_json::{Value, json};

use crate::session_probe::{Probe, assert_told, assert_told_last, say};

fn added(item: &Value) -> Value {
    json!({"type": "response.output_item.added", "item": item})
}

fn done(item: &Value) -> Value {
    json!({"type": "response.output_item.done", "item": item})
}

#[tokio::test]
async fn a_plain_turn_tells_its_story_in_order() {
    let probe = Probe::start([Answer::new().say_in("Hello world!", 3)]).await;
    let lines = probe.run("hi").await;
    let story = [
        "turn/start -> InProgress",
        "status active",
        "turn started InProgress",
        "started user hi",
        "completed user hi",
        "started message msg-1-0 ''",
        "delta msg-1-0 Hell",
        "delta msg-1-0 o wo",
        "delta msg-1-0 rld!",
        "completed message msg-1-0 'Hello world!'",
        "usage total=15 last=15",
        "status Idle",
        "turn Completed [\"message msg-1-0 'Hello world!'\"]",
    ];
    assert_eq!(lines, story);
    let snapshot = probe.snapshot().await;
    assert_eq!(snapshot.info.preview, "hi");
    assert_eq!(snapshot.info.status, ThreadStatus::Idle);
    let turns = probe.turns().await;
    assert_eq!(turns.len(), 1);
    assert_eq!(turns[0].items.len(), 2);
    assert_eq!(turns[0].status, TurnStatus::Completed);
}

#[tokio::test]
async fn reasoning_streams_with_its_sections() {
    let raw =
        json!({"type": "response.reasoning_text.delta", "item_id": "rs", "content_index": 0, "delta": "raw"});
    let item = json!({"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "think hard"}],
        "content": [{"type": "reasoning_text", "text": "raw"}], "encrypted_content": "secret"});
    let probe = Probe::start([
        Answer::new()
            .event(added(&json!({"type": "reasoning", "id": "rs", "summary": []})))
            .event(
                json!({"type": "response.reasoning_summary_part.added", "item_id": "rs", "summary_index": 0}),
            )
            .event(
                json!({"type": "response.reasoning_summary_text.delta", "item_id": "rs", "summary_index": 0,
                "delta": "think hard"}),
            )
            .event(raw)
            .event(done(&item))
            .say("done"),
        Answer::new().say("again"),
    ])
    .await;
    let lines = probe.run("hi").await;
    let story = [
        "started reasoning rs [] []",
        "part 0",
        "delta rs ReasoningSummary { summary_index: 0 } think hard",
        "delta rs ReasoningContent { content_index: 0 } raw",
        "completed reasoning rs [\"think hard\"] [\"raw\"]",
    ];
    assert_told(&lines, &story);
    probe.run("more").await;
    let requests = probe.model.requests();
    let sent = requests[1].input_of("reasoning");
    assert_eq!(sent[0]["encrypted_content"], "secret");
    assert_eq!(sent[0].get("id"), None);
}

#[tokio::test]
async fn an_item_that_only_ends_is_started_with_its_text() {
    let message = json!({"type": "message", "role": "assistant", "id": "m", "phase": "commentary",
        "content": [{"type": "output_text", "text": "a"}, {"type": "output_text", "text": "b"}]});
    let probe = Probe::start([
        Answer::new().event(done(&message)).say_as("final_answer", "two"),
        Answer::new().say("ok"),
    ])
    .await;
    let lines = probe.run("hi").await;
    assert_told(
        &lines,
        &[
            "started message m Commentary 'ab'",
            "completed message m Commentary 'ab'",
        ],
    );
    assert_eq!(
        lines.last().unwrap(),
        "turn Completed [\"message msg-1-1 FinalAnswer 'two'\"]"
    );
    probe.run("more").await;
    let requests = probe.model.requests();
    let phases: Vec<_> = requests[1]
        .input_of("message")
        .into_iter()
        .filter_map(|item| item.get("phase"))
        .collect();
    assert_eq!(phases, ["commentary", "final_answer"]);
}

#[tokio::test]
async fn plans_are_items_in_plan_mode() {
    let delta = |text: &str| json!({"type": "response.output_text.delta", "item_id": "m", "delta": text});
    let message = |text: &str| json!({"type": "message", "role": "assistant", "id": "m", "content": [{"type": "output_text", "text": text}]});
    let probe = Probe::start([
        Answer::new()
            .event(added(&message("")))
            .event(delta("Intro\n<prop"))
            .event(delta("osed_plan>\n1. do"))
            .event(delta("\n2. it\n</propo"))
            .event(delta("sed_plan>\nOutro"))
            .event(done(&message(
                "Intro\n<proposed_plan>\n1. do\n2. it\n</proposed_plan>\nOutro",
            ))),
        Answer::new().event(done(&message("<proposed_plan>\nall\n</proposed_plan>"))),
        Answer::new().say("ok"),
    ])
    .await;
    let plan_mode = || StartTurn {
        input: vec![say("plan")],
        settings: SettingsPatch {
            collaboration_mode: Some(CollaborationMode {
                mode: ModeKind::Plan,
                settings: CollaborationSettings {
                    model: "gpt-5.5".into(),
                    reasoning_effort: None,
                    developer_instructions: None,
                },
            }),
            ..SettingsPatch::default()
        },
        ..StartTurn::default()
    };
    probe.turn_with(plan_mode());
    let lines = probe.until_turn_end(0).await;
    let plan = lines.iter().find(|line| line.contains(" Plan {")).unwrap();
    let plan = plan.split(' ').nth(1).unwrap();
    let version = uuid::Uuid::parse_str(plan).map(|id| id.get_version_num());
    assert_eq!(version, Ok(7), "an id of its own: {plan}");
    let story = [
        "started message m ''".to_owned(),
        "delta m Intro\n".to_owned(),
        format!("started {plan} Plan {{ text: \"\" }}"),
        format!("delta {plan} Plan 1. do"),
        format!("delta {plan} Plan \n2. it\n"),
        "delta m Outro".to_owned(),
        format!("completed {plan} Plan {{ text: \"1. do\\n2. it\\n\" }}"),
        "completed message m 'Intro\nOutro'".to_owned(),
    ];
    assert_told(&lines, &story);

    let from = probe.lines().len();
    probe.turn_with(plan_mode());
    let lines = probe.until_turn_end(from).await;
    assert!(
        lines
            .iter()
            .any(|line| line.ends_with("Plan { text: \"all\\n\" }")),
        "{lines:#?}"
    );
    assert_eq!(lines.last().unwrap(), "turn Completed []");
    probe.run("go").await;
    let sent = probe.model.requests()[2].body.to_string();
    assert!(sent.contains("<proposed_plan>"), "the model keeps its own words");
}

#[tokio::test]
async fn searches_of_the_server_are_items() {
    let search = |id: &str, action: Value| json!({"type": "web_search_call", "id": id, "status": "completed", "action": action});
    let probe = Probe::start([Answer::new()
        .event(added(
            &json!({"type": "web_search_call", "id": "ws", "status": "in_progress"}),
        ))
        .event(done(&search(
            "ws",
            json!({"type": "search", "queries": ["a", "b"]}),
        )))
        .event(done(&search(
            "ws2",
            json!({"type": "find_in_page", "url": "http://u", "pattern": "p"}),
        )))])
    .await;
    let lines = probe.run("hi").await;
    let story = [
        "started search ws '' Other",
        "completed search ws 'a ...' Search { query: None, queries: Some([\"a\", \"b\"]) }",
        "started search ws2 ''p' in http://u' FindInPage { url: Some(\"http://u\"), pattern: Some(\"p\") }",
        "completed search ws2 ''p' in http://u' FindInPage { url: Some(\"http://u\"), pattern: Some(\"p\") }",
    ];
    assert_told(&lines, &story);
    assert_eq!(lines.last().unwrap(), "turn Completed []");
}

#[tokio::test]
async fn a_model_that_has_not_ended_its_turn_is_asked_again() {
    let not_ended = Complete {
        end_turn: Some(false),
        ..Complete::default()
    };
    let probe = Probe::start([
        Answer::new().say("one").complete(not_ended),
        Answer::new().say("two"),
    ])
    .await;
    let lines = probe.run("hi").await;
    assert_eq!(
        lines.last().unwrap(),
        "turn Completed [\"message msg-2-0 'two'\"]"
    );
    assert_eq!(lines.iter().filter(|line| line.starts_with("usage")).count(), 2);
    assert!(lines.contains(&"usage total=30 last=15".to_owned()));
}

#[tokio::test]
async fn a_failed_turn_tells_status_error_and_end() {
    let probe = Probe::start([
        Answer::new()
            .event(added(
                &json!({"type": "message", "id": "m", "role": "assistant", "content": []}),
            ))
            .event(json!({"type": "response.output_text.delta", "delta": "half"}))
            .fail("invalid_prompt", "bad prompt"),
        Answer::new().say("well"),
    ])
    .await;
    let lines = probe.run("hi").await;
    let story = [
        "started message m ''",
        "delta m half",
        "completed message m 'half'",
        "status SystemError",
        "error bad prompt details=None will_retry=false",
        "turn Failed [] bad prompt",
    ];
    assert_told_last(&lines, &story);
    assert_eq!(probe.snapshot().await.info.status, ThreadStatus::SystemError);
    let lines = probe.run("again").await;
    assert!(lines.contains(&"status active".to_owned()), "{lines:#?}");
    let requests = probe.model.requests();
    assert_eq!(
        requests[1].input_of("message").len(),
        4,
        "the half message is not sent"
    );
}

#[tokio::test]
async fn a_lost_connection_is_retried_and_the_half_item_begins_anew() {
    let half = || {
        Answer::new()
            .event(added(
                &json!({"type": "message", "id": "m", "role": "assistant", "content": []}),
            ))
            .event(json!({"type": "response.output_text.delta", "delta": "half"}))
            .cut()
    };
    let probe = Probe::start([half(), Answer::new().say("whole")]).await;
    let lines = probe.run("hi").await;
    let error = lines
        .iter()
        .find(|line| line.starts_with("error Reconnecting... 1/2 "))
        .unwrap();
    assert!(error.ends_with("will_retry=true"));
    let story = [
        "started message m ''",
        "delta m half",
        "completed message m 'half'",
        error,
        "started message msg-2-0 ''",
    ];
    assert_told(&lines, &story);
    assert_eq!(
        lines.last().unwrap(),
        "turn Completed [\"message msg-2-0 'whole'\"]"
    );

    probe
        .model
        .edit(|script| script.answers = (0..3).map(|_| half()).collect());
    let lines = probe.run("hi").await;
    let errors: Vec<_> = lines.iter().filter(|line| line.starts_with("error ")).collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(lines.last().unwrap().starts_with("turn Failed"));
}

#[tokio::test]
async fn a_full_context_window_is_counted_as_full() {
    let probe = Probe::start([
        Answer::new().say("ok"),
        Answer::new().fail("context_length_exceeded", "too long"),
        Answer::new().say("so far"),
        Answer::new().fail("context_length_exceeded", "too long"),
    ])
    .await;
    probe.run("hi").await;
    let lines = probe.run("more").await;
    assert!(
        lines.contains(&"usage total=258400 last=258370".to_owned()),
        "{lines:?}"
    );
}

#[tokio::test]
async fn another_model_is_told_once_per_turn() {
    let other = || {
        Answer::new()
            .header("openai-model", "gpt-other")
            .call("c", "nope", "{}")
    };
    let probe = Probe::start([
        other(),
        other(),
        Answer::new().header("openai-model", "GPT-5.5").say("ok"),
    ])
    .await;
    let lines = probe.run("hi").await;
    assert_eq!(
        lines
            .iter()
            .filter(|line| *line == "rerouted gpt-5.5 gpt-other")
            .count(),
        1
    );
    assert_eq!(lines.iter().filter(|line| line.starts_with("warning")).count(), 1);
}

#[tokio::test]
async fn limits_come_after_the_counts() {
    let answer = Answer::new()
        .header("x-codex-primary-used-percent", "12")
        .header("x-codex-primary-window-minutes", "300")
        .say("ok");
    let probe = Probe::start([answer]).await;
    let lines = probe.run("hi").await;
    let usage = lines.iter().find(|line| line.starts_with("usage")).unwrap();
    assert_told(&lines, &[usage, "limits Some(\"codex\")"]);
}

#[tokio::test]
async fn a_slow_reader_holds_the_model_back_and_loses_nothing() {
    let probe = Probe::start([Answer::new().say_in(&"x".repeat(4000), 2000)]).await;
    probe.congest(true);
    probe.turn("hi");
    probe.wait(0, |line| line.starts_with("completed user")).await;
    // Everything else has its say, and the thread answers, while the model waits.
    assert!(matches!(
        probe.snapshot().await.info.status,
        ThreadStatus::Active { .. }
    ));
    let before = probe
        .lines()
        .iter()
        .filter(|line| line.starts_with("delta"))
        .count();
    assert!(before < 200, "{before} deltas in spite of a slow reader");
    probe.congest(false);
    let lines = probe.until_turn_end(0).await;
    let text: usize = lines
        .iter()
        .filter_map(|line| line.strip_prefix("delta msg-1-0 "))
        .map(str::len)
        .sum();
    assert_eq!(text, 4000);
}

#[tokio::test]
async fn input_that_no_model_could_take_is_refused() {
    let probe = Probe::start(Script::new()).await;
    let turn = |input| {
        probe.turn_with(StartTurn {
            input,
            ..StartTurn::default()
        });
        probe.lines().len()
    };
    turn(vec![say(&"x".repeat((1 << 20) + 1))]);
    turn(vec![UserInput::Image {
        url: "http://example.com/a.png".into(),
        detail: None,
    }]);
    probe.snapshot().await;
    let lines = probe.lines();
    assert_eq!(
        lines,
        [
            "turn/start -> error: InputTooLarge { max: 1048576, actual: 1048577 }",
            "turn/start -> error: RemoteMedia(Image)",
        ]
    );
}

#[tokio::test]
async fn images_travel_as_data_and_missing_ones_as_words() {
    let probe = Probe::start([Answer::new().say("ok")]).await;
    let png = probe.work().join("a.png");
    image::RgbImage::new(8, 8).save(&png).unwrap();
    let url = data_url(&std::fs::read(&png).unwrap());
    let local = |path| UserInput::LocalImage { path, detail: None };
    probe.turn_with(StartTurn {
        input: vec![local(png), local(probe.work().join("none.png"))],
        ..StartTurn::default()
    });
    probe.until_turn_end(0).await;
    let requests = probe.model.requests();
    let content = requests[0].input_of("message").last().unwrap()["content"].clone();
    assert!(
        content[0]["text"]
            .as_str()
            .unwrap()
            .starts_with("<image name=[Image #1] path=")
    );
    assert_eq!(content[1]["image_url"], url);
    assert!(content[3]["text"].as_str().unwrap().contains("could not be read"));
}

#[tokio::test]
async fn images_larger_than_models_take_are_scaled_down() {
    let probe = Probe::start([Answer::new().say("ok")]).await;
    let path = probe.work().join("a.png");
    image::RgbImage::new(12_000, 16).save(&path).unwrap();
    let url = data_url(&std::fs::read(&path).unwrap());
    probe.turn_with(StartTurn {
        input: vec![
            UserInput::Image { url, detail: None },
            UserInput::LocalImage { path, detail: None },
        ],
        ..StartTurn::default()
    });
    probe.until_turn_end(0).await;
    let requests = probe.model.requests();
    let content = requests[0].input_of("message").last().unwrap()["content"].clone();
    for part in [0, 2] {
        let url = content[part]["image_url"].as_str().unwrap();
        let data = url.strip_prefix("data:image/png;base64,").unwrap();
        let scaled = image::load_from_memory(&STANDARD.decode(data).unwrap()).unwrap();
        assert_eq!((scaled.width(), scaled.height()), (6000, 8));
    }
}

fn data_url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}
