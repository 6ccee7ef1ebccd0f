//! Threads that were summed up, in their files: resumed, forked, reverted, killed.

use std::collections::HashSet;
use std::time::Duration;

use codex_core::mock_model::{Answer, Condition, MockModel, Script};
use serde_json::{Value, json};

use super::{compact, lines, metadata, remote_home, sealed, told, with_tokens};
use crate::support::{App, Config, Home};

#[tokio::test]
async fn the_file_says_what_replaces_what() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::new().say("what was done"),
        Answer::new().say("second answer"),
        Answer::new().say("what was done since"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    compact(&app, &thread).await;
    app.run_turn(&thread, "two").await;
    compact(&app, &thread).await;
    let lines = lines(&app, &thread).await;
    let first_window = &lines[0]["payload"]["context_window"]["window_id"];
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| match line["type"].as_str().unwrap() {
            "event_msg" => line["payload"]["type"].as_str().unwrap(),
            kind => kind,
        })
        .collect();
    let place = kinds.iter().position(|kind| *kind == "compacted").unwrap();
    assert_eq!(
        kinds[place..place + 7],
        [
            "compacted",
            "world_state",
            "turn_context",
            "thread_settings_applied",
            "token_count",
            "item_completed",
            "task_complete"
        ]
    );
    assert_eq!(lines[place + 1]["payload"]["full"], true);
    let compacted: Vec<_> = lines.iter().filter(|line| line["type"] == "compacted").collect();
    let payloads: Vec<_> = compacted.iter().map(|line| &line["payload"]).collect();
    assert_eq!(
        (&payloads[0]["window_number"], &payloads[1]["window_number"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(&payloads[0]["first_window_id"], first_window);
    assert_eq!(&payloads[0]["previous_window_id"], first_window);
    assert_eq!(&payloads[1]["first_window_id"], first_window);
    assert_eq!(payloads[1]["previous_window_id"], payloads[0]["window_id"]);
    for payload in payloads {
        let history = payload["replacement_history"].as_array().unwrap();
        let places = payload["replacement_history_metadata"].as_array().unwrap();
        assert_eq!(history.len(), places.len());
        assert_eq!(history.last().unwrap()["content"][0]["text"], payload["message"]);
        assert!(
            payload["compaction_response_id"]
                .as_str()
                .unwrap()
                .starts_with("resp-")
        );
        assert_eq!(payload["latest_token_usage_record"]["usage"]["total_tokens"], 15);
        assert_eq!(
            payload["resume_metadata"]["previous_turn_settings"]["model"],
            "gpt-5.2-codex"
        );
        assert!(payload["retained_context"].is_object());
    }
}

#[tokio::test]
async fn a_thread_goes_on_behind_its_summary() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        Answer::new().say("what was done"),
        Answer::new().say("second answer"),
    ]);
    model.set_default(Answer::new().say("later answer"));
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let compaction = compact(&app, &thread).await;
    app.run_turn(&thread, "two").await;
    let before = told(&model.requests()[2]);
    let window = metadata(&model.requests()[2])["context_window_id"].clone();
    app.stop().await;

    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    assert_eq!(resumed["thread"]["turns"].as_array().unwrap().len(), 3);
    compact_is_counted(&lines(&app, &thread).await);
    app.run_turn(&thread, "three").await;
    let request = model.requests().pop().unwrap();
    let expected: Vec<_> = before
        .iter()
        .map(String::as_str)
        .chain(["model: second answer", "three"])
        .collect();
    assert_eq!(told(&request), expected);
    assert_eq!(request.header("x-codex-window-id"), Some(&*format!("{thread}:1")));
    assert_eq!(metadata(&request)["context_window_id"], window);

    let forked = app.call("thread/fork", json!({"threadId": thread})).await;
    let fork = forked["thread"]["id"].as_str().unwrap().to_owned();
    app.run_turn(&fork, "four").await;
    let request = model.requests().pop().unwrap();
    assert_eq!(told(&request)[..expected.len()], expected);
    assert_eq!(request.header("x-codex-window-id"), Some(&*format!("{fork}:1")));

    // Before the compaction: everything is as it was then.
    let params = json!({"threadId": thread, "beforeTurnId": compaction.id});
    app.call("thread/revert", params).await;
    app.run_turn(&thread, "again").await;
    let request = model.requests().pop().unwrap();
    assert_eq!(
        told(&request),
        ["rules", "place", "one", "model: first answer", "again"]
    );
    assert_eq!(request.header("x-codex-window-id"), Some(&*format!("{thread}:0")));
}

/// Places in the model's history only go up, through compactions too.
fn compact_is_counted(lines: &[Value]) {
    let mut last = 0;
    for line in lines {
        let places = match line["type"].as_str() {
            Some("response_item") => vec![&line["metadata"]],
            Some("compacted") => line["payload"]["replacement_history_metadata"]
                .as_array()
                .unwrap()
                .iter()
                .collect(),
            _ => Vec::new(),
        };
        for place in places {
            let next = place["history_sequence"].as_u64().unwrap();
            assert!(next > last, "{next} behind {last}");
            last = next;
        }
    }
}

#[tokio::test]
async fn images_are_written_into_one_summary_only() {
    let model = MockModel::start([
        Answer::new().say("first answer"),
        sealed(),
        Answer::new().say("second answer"),
        sealed(),
        Answer::new().say("third answer"),
    ]);
    let home = remote_home(&model, &Config::default());
    let (app, thread) = App::with_thread(&home).await;
    let image = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let input = json!([{"type": "text", "text": "one"}, {"type": "image", "url": image}]);
    app.run_turn_with(&thread, "", json!({"input": input})).await;
    compact(&app, &thread).await;
    app.stop().await;
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    app.run_turn(&thread, "two").await;
    compact(&app, &thread).await;
    app.stop().await;
    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    app.run_turn(&thread, "three").await;
    let written = lines(&app, &thread).await;
    compact_is_counted(&written);
    let with_image = written
        .iter()
        .filter(|line| line["type"] == "compacted" && line.to_string().contains(image));
    assert_eq!(with_image.count(), 1);
    let last = told(&model.requests().pop().unwrap());
    assert!(last[0].starts_with("one|[an image"), "{last:?}");
}

#[tokio::test]
async fn a_thread_of_another_program_goes_on_behind_its_summary() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let read = app.call("thread/read", json!({"threadId": thread})).await;
    let path = read["thread"]["path"].as_str().unwrap().to_owned();
    app.stop().await;
    let mut text = std::fs::read_to_string(&path).unwrap();
    let ordinal = text.lines().count();
    let noted = |role: &str, text: &str, kind: &str| {
        json!({"type": "message", "id": format!("msg_{kind}"), "role": role,
            "content": [{"type": "input_text", "text": text}],
            "internal_chat_message_metadata_passthrough": {"content_item_kinds": [kind]}})
    };
    let compacted = json!({
        "timestamp": "2026-11-29T00:11:36.389Z", "ordinal": ordinal, "type": "compacted",
        "payload": {
            "message": "a summary of theirs",
            "replacement_history": [
                noted("user", "kept of theirs", "user.text"),
                noted("developer", "rules of theirs", "permissions.instructions"),
                noted("user", "a summary of theirs", "compaction.summary"),
            ],
            "replacement_history_metadata": [{}, {}, {}],
            "window_number": 7, "first_window_id": "w0", "previous_window_id": "w6", "window_id": "w7",
        },
    });
    text.push_str(&compacted.to_string());
    text.push('\n');
    std::fs::write(&path, text).unwrap();

    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    app.run_turn(&thread, "two").await;
    let request = model.requests().pop().unwrap();
    assert_eq!(
        told(&request),
        ["kept of theirs", "rules", "a summary of theirs", "two"]
    );
    assert_eq!(metadata(&request)["window_number"], 7);
    assert_eq!(metadata(&request)["context_window_id"], "w7");
    compact(&app, &thread).await;
    app.run_turn(&thread, "three").await;
    let request = model.requests().pop().unwrap();
    assert_eq!(
        told(&request),
        ["kept of theirs", "rules", "place", "two", "summary: ok", "three"],
        "their summary is replaced like one of ours"
    );
    let last = lines(&app, &thread)
        .await
        .into_iter()
        .rfind(|line| line["type"] == "compacted")
        .unwrap();
    assert_eq!(last["payload"]["window_number"], 8);
    assert_eq!(last["payload"]["first_window_id"], "w0");
    assert_eq!(last["payload"]["previous_window_id"], "w7");
}

/// Moments at which the program is killed; CODEX_TEST_KILLS sets another number.
const KILLS: u64 = 20;

#[tokio::test]
async fn nothing_that_was_shown_is_lost_when_the_program_is_killed_around_a_compaction() {
    let kills = std::env::var("CODEX_TEST_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(KILLS);
    let sum_up = Condition::input("is about to be replaced");
    let script = Script::new()
        .then(Answer::new().say("what was done").when(sum_up).always())
        .otherwise(with_tokens(Answer::new().say("answer"), 60_000));
    let model = MockModel::start(script);
    let config = Config {
        top: "model_auto_compact_token_limit = 50000".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "the very first wish").await;
    app.stop().await;
    let mut shown: HashSet<(String, String)> = HashSet::new();
    let mut compactions = 0;
    for round in 0..kills {
        let app = App::start(&home).await;
        app.call("thread/resume", json!({"threadId": thread, "excludeTurns": true}))
            .await;
        let mark = app.mark();
        if round % 3 == 0 {
            app.call("thread/compact/start", json!({"threadId": thread}))
                .await;
        } else {
            app.start_turn(&thread, &format!("round {round}")).await;
        }
        // The moment is what the test is about: any will do.
        tokio::time::sleep(Duration::from_micros(round * 40_000 / kills)).await;
        app.signal(rustix::process::Signal::KILL);
        app.exit().await;
        for frame in &app.frames()[mark..] {
            if frame.method() == "item/completed" {
                let params = frame.params();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                compactions += usize::from(params["item"]["type"] == "contextCompaction");
                shown.insert((text(&params["turnId"]), text(&params["item"]["id"])));
            }
        }
        let app = App::start(&home).await;
        let read = app
            .call("thread/read", json!({"threadId": thread, "includeTurns": true}))
            .await;
        let mut stored = HashSet::new();
        for turn in read["thread"]["turns"].as_array().unwrap() {
            for item in turn["items"].as_array().unwrap() {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                stored.insert((text(&turn["id"]), text(&item["id"])));
            }
        }
        let lost: Vec<_> = shown.difference(&stored).collect();
        assert!(lost.is_empty(), "round {round}: lost {lost:?}");
        app.call("thread/resume", json!({"threadId": thread})).await;
        let turn = app.run_turn(&thread, &format!("after {round}")).await;
        assert_eq!(turn.status(), "completed", "round {round}");
        let told = told(&model.requests().pop().unwrap());
        for wish in ["the very first wish", &format!("after {round}")] {
            assert!(
                told.iter().any(|text| text == wish),
                "round {round}: {wish:?} is not in {told:?}"
            );
        }
        app.stop().await;
    }
    eprintln!("{kills} kills, {compactions} compactions shown");
}

/// Size of the thread in MiB; CODEX_TEST_HUGE_MB sets another one.
const HUGE_MB: usize = 96;

/// Most memory that a process has had so far, in MiB.
#[cfg(target_os = "linux")]
fn most_memory(app: &App) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_first_turn_of_a_huge_thread_takes_no_more_than_a_window_holds() {
    use std::io::Write as _;

    let size = std::env::var("CODEX_TEST_HUGE_MB")
        .ok()
        .and_then(|size| size.parse().ok())
        .unwrap_or(HUGE_MB);
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "one").await;
    let read = app.call("thread/read", json!({"threadId": thread})).await;
    let path = read["thread"]["path"].as_str().unwrap().to_owned();
    app.stop().await;
    let text = std::fs::read_to_string(&path).unwrap();
    let mut ordinal = text.lines().count();
    let file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    let mut file = std::io::BufWriter::new(file);
    let words = "some words that were said long ago, ".repeat(500);
    let mut written = 0;
    while written < size << 20 {
        for (role, kind) in [("user", "input_text"), ("assistant", "output_text")] {
            let content = json!([{"type": kind, "text": format!("{ordinal} {words}")}]);
            let line = json!({
                "timestamp": "2026-11-29T00:11:36.389Z", "ordinal": ordinal, "type": "response_item",
                "payload": {"type": "message", "role": role, "content": content},
                "metadata": {"history_sequence": ordinal, "sampled_through_sequence": 0, "client_authored": false},
            })
            .to_string();
            written += line.len() + 1;
            writeln!(file, "{line}").unwrap();
            ordinal += 1;
        }
    }
    file.flush().unwrap();
    drop(file);

    let app = App::start(&home).await;
    app.call("thread/resume", json!({"threadId": thread, "excludeTurns": true}))
        .await;
    let before = most_memory(&app);
    let turn = app.run_turn(&thread, "two").await;
    assert_eq!(turn.status(), "completed");
    let more = most_memory(&app).saturating_sub(before);
    eprintln!("a thread of {size} MiB: {before} MiB before its first turn, {more} MiB more after it");
    assert!(more <= 48, "{more} MiB");
    let request = model.requests().pop().unwrap();
    let bytes = request.body["input"].to_string().len();
    assert!(
        (400_000..258_400 * 4).contains(&bytes),
        "a window full of it: {bytes} bytes"
    );
    let told = told(&request);
    assert_eq!(
        told[told.len() - 3..],
        ["rules", "place", "two"],
        "the model is told of its surroundings again"
    );
    app.stop().await;
}
