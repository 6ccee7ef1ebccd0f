//! What is stored survives: restarts, kills at any moment, disks that refuse.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use codex_core::mock_model::{Answer, MockModel, Script};
use serde_json::{Value, json};

use crate::support::{App, Home, Launch};

/// Moments at which the program is killed; CODEX_TEST_KILLS sets another number.
const KILLS: u64 = 50;

/// A model that calls a tool, says something on the way, calls another one, and answers.
fn busy_script() -> Script {
    let call = |id: &str, cmd: &str| Answer::new().call(id, "exec_command", json!({"cmd": cmd}));
    let mut answers = Vec::new();
    for _ in 0..400 {
        answers.push(call("c1", "echo one"));
        answers.push(Answer::new().say("on the way"));
    }
    answers.into()
}

/// A small generator, so that a failing run can be repeated.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[tokio::test]
async fn nothing_that_was_shown_is_lost_when_the_program_is_killed() {
    let kills = std::env::var("CODEX_TEST_KILLS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(KILLS);
    let model = MockModel::start(busy_script());
    let home = Home::new(&model);
    let mut random = Seeded(20_261_120);
    let mut thread: Option<String> = None;
    let mut shown: HashSet<(String, String)> = HashSet::new();
    let mut count = 0;
    for round in 0..kills {
        let app = App::start(&home).await;
        // Every few kills a new thread begins; the others go on.
        let id = match &thread {
            Some(id) if round % 10 != 0 => {
                app.call("thread/resume", json!({"threadId": id, "excludeTurns": true}))
                    .await;
                id.clone()
            }
            _ => {
                shown.clear();
                app.start_thread(json!({})).await
            }
        };
        let mark = app.mark();
        app.start_turn(&id, &format!("round {round}")).await;
        // The moment is what the test is about: any will do.
        tokio::time::sleep(Duration::from_micros(random.next(60_000))).await;
        app.signal(rustix::process::Signal::KILL);
        app.exit().await;
        for frame in &app.frames()[mark..] {
            if frame.method() == "item/completed" {
                let params = frame.params();
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                count += usize::from(shown.insert((text(&params["turnId"]), text(&params["item"]["id"]))));
            }
        }
        let app = App::start(&home).await;
        let listed = app.call("thread/list", json!({})).await;
        if shown.is_empty() {
            // Killed before anything was shown: the thread may or may not be there.
            thread = None;
            continue;
        }
        let rows = listed["data"].as_array().unwrap();
        assert!(
            rows.iter().any(|row| row["id"] == id.as_str()),
            "round {round}: not listed"
        );
        let read = app
            .call("thread/read", json!({"threadId": id, "includeTurns": true}))
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
        thread = Some(id);
        app.stop().await;
    }
    eprintln!("{kills} kills: {count} completed items were shown, none is lost");
}

#[tokio::test]
async fn a_large_thread_is_read_resumed_and_forked_with_all_its_turns() {
    let texts: Vec<String> = (0..4)
        .map(|n| format!("{n} \"quoted\" ").repeat(20_000))
        .collect();
    let model = MockModel::start(
        texts
            .iter()
            .map(|text| Answer::new().say(text))
            .collect::<Vec<_>>(),
    );
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    for n in 0..texts.len() {
        app.run_turn(&id, &format!("question {n}")).await;
    }
    let said = |thread: &Value| -> Vec<String> {
        let turns = thread["turns"].as_array().unwrap();
        turns
            .iter()
            .map(|turn| {
                turn["items"].as_array().unwrap().last().unwrap()["text"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    };
    // Loaded, and asked for three times at once.
    let params = json!({"threadId": id, "includeTurns": true});
    let read = app.request("thread/read", params.clone()).await;
    let again = app.request("thread/read", params).await;
    let resumed = app.request("thread/resume", json!({"threadId": id})).await;
    for request in [resumed, read, again] {
        assert!(said(&app.response(request).await.unwrap()["thread"]) == texts);
    }
    app.stop().await;
    // At rest, and branched off.
    let app = App::start(&home).await;
    for method in ["thread/resume", "thread/fork"] {
        let taken_up = app.call(method, json!({"threadId": id})).await;
        assert!(said(&taken_up["thread"]) == texts, "{method}");
        assert_eq!(taken_up["thread"]["turns"][3]["status"], "completed");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_thread_goes_on_in_another_process() {
    let model = MockModel::start(vec![
        Answer::new().call("c1", "exec_command", json!({"cmd": "echo hi"})),
        Answer::new().say("first answer"),
        Answer::new().say("second answer"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app
        .start_thread(json!({"developerInstructions": "be brief"}))
        .await;
    app.run_turn_with(&id, "one", json!({"effort": "high"})).await;
    app.stop().await;
    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": id})).await;
    assert_eq!(resumed["reasoningEffort"], "high");
    assert_eq!(resumed["thread"]["preview"], "one");
    assert_eq!(resumed["thread"]["turns"].as_array().unwrap().len(), 1);
    let usage = app.wait_for("thread/tokenUsage/updated").await;
    assert_eq!(usage["turnId"], resumed["thread"]["turns"][0]["id"]);
    app.run_turn(&id, "two").await;
    let requests = model.requests();
    let before = requests[1].body["input"].as_array().unwrap();
    let after = requests[2].body["input"].as_array().unwrap();
    assert_eq!(
        after[..before.len()],
        before[..],
        "the model is told the same history"
    );
    assert_eq!(requests[2].body["instructions"], requests[0].body["instructions"]);
    let texts: Vec<&Value> = after[before.len()..]
        .iter()
        .map(|i| &i["content"][0]["text"])
        .collect();
    assert_eq!(texts.last().unwrap().as_str(), Some("two"));
    app.stop().await;
}

#[tokio::test]
async fn a_thread_is_held_by_one_process() {
    let model = MockModel::start(Answer::new().say("ok"));
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    app.run_turn(&id, "one").await;
    let other = App::start(&home).await;
    for method in ["thread/resume", "thread/archive", "thread/delete"] {
        let error = other.call_err(method, json!({"threadId": id})).await;
        assert_eq!(error.code, -32600);
        let held = format!("thread {id} already has an active writer: ");
        let told = error.message.strip_prefix(&held).unwrap();
        if cfg!(target_os = "linux") {
            let holder = format!("process {} (", app.pid());
            assert!(told.starts_with(&holder), "{told}");
        }
        assert!(told.contains("fork"), "{told}");
    }
    let read = other
        .call("thread/read", json!({"threadId": id, "includeTurns": true}))
        .await;
    assert_eq!(read["thread"]["status"]["type"], "notLoaded");
    assert_eq!(read["thread"]["turns"].as_array().unwrap().len(), 1);
    let fork = other.call("thread/fork", json!({"threadId": id})).await;
    assert_eq!(fork["thread"]["forkedFromId"], id.as_str());
    app.stop().await;
    other.call("thread/resume", json!({"threadId": id})).await;
    other.stop().await;
}

#[tokio::test]
async fn what_another_process_does_is_seen_by_the_next_list() {
    let model = MockModel::start((0..20).map(|_| Answer::new().say("ok")).collect::<Vec<_>>());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let other = App::start(&home).await;
    let listed = async |archived: bool| -> Vec<String> {
        let listed = app.call("thread/list", json!({"archived": archived})).await;
        let rows = listed["data"].as_array().unwrap();
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(listed(false).await.is_empty());
    let mut expected = Vec::new();
    for round in 0..6 {
        let id = other.start_thread(json!({})).await;
        assert_eq!(listed(false).await, expected, "nobody has spoken in it");
        other.run_turn(&id, "one").await;
        expected.insert(0, id.clone());
        assert_eq!(listed(false).await, expected);
        other.run_turn(&id, "two").await;
        let by_change = app
            .call("thread/list", json!({"sortKey": "updated_at", "limit": 1}))
            .await;
        assert_eq!(by_change["data"][0]["id"], id.as_str());
        match round % 3 {
            0 => {
                other.call("thread/archive", json!({"threadId": id})).await;
                expected.remove(0);
                assert_eq!(listed(true).await[0], id);
            }
            1 => {
                other.call("thread/delete", json!({"threadId": id})).await;
                expected.remove(0);
            }
            _ => {}
        }
        assert_eq!(listed(false).await, expected);
    }
    other.stop().await;
    app.stop().await;
}

#[tokio::test]
async fn a_disk_that_refuses_costs_a_warning_and_nothing_else() {
    let model = MockModel::start(vec![Answer::new().say("one"), Answer::new().say("two")]);
    let home = Home::new(&model);
    let sessions: PathBuf = home.codex().join("sessions");
    // A file in the way: not even root can write below it.
    std::fs::write(&sessions, "").unwrap();
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    let turn = app.run_turn(&id, "one").await;
    assert_eq!(turn.status(), "completed");
    app.wait_where("warning", |params| {
        params["message"].as_str().unwrap().contains("can't be saved")
    })
    .await;
    std::fs::remove_file(&sessions).unwrap();
    app.run_turn(&id, "two").await;
    let read = app
        .call("thread/read", json!({"threadId": id, "includeTurns": true}))
        .await;
    assert_eq!(read["thread"]["turns"].as_array().unwrap().len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn a_legacy_thread_goes_on_as_one() {
    let model = MockModel::start(vec![Answer::new().say("new answer")]);
    let home = Home::new(&model);
    let id = "01996a00-0000-7000-8000-00000000000a";
    let folder = home.codex().join("sessions/2025/09/20");
    std::fs::create_dir_all(&folder).unwrap();
    let line = |kind: &str, payload: Value| {
        json!({"timestamp": "2025-09-20T10:00:00.000Z", "type": kind, "payload": payload}).to_string() + "\n"
    };
    let text = line(
        "session_meta",
        json!({"id": id, "timestamp": "2025-09-20T10:00:00.000Z", "cwd": home.work(), "originator": "cli",
            "cli_version": "0.40.0", "instructions": null}),
    ) + &line(
        "response_item",
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "old words"}]}),
    ) + &line(
        "event_msg",
        json!({"type": "user_message", "message": "old words"}),
    ) + "{\"torn";
    let path = folder.join(format!("rollout-2025-09-20T10-00-00-{id}.jsonl"));
    std::fs::write(&path, text).unwrap();
    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": id})).await;
    assert_eq!(resumed["thread"]["historyMode"], "legacy");
    app.run_turn(id, "new words").await;
    app.stop().await;
    let input = model.requests()[0].body["input"].to_string();
    assert!(input.contains("old words") && input.contains("new words"));
    let app = App::start(&home).await;
    let read = app
        .call("thread/read", json!({"threadId": id, "includeTurns": true}))
        .await;
    let turns = read["thread"]["turns"].as_array().unwrap();
    let ids: Vec<&str> = turns
        .iter()
        .flat_map(|turn| turn["items"].as_array().unwrap())
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["item-1", "item-2", "item-3"]);
    assert_eq!(turns[1]["items"][1]["text"], "new answer");
    assert!(!std::fs::read_to_string(&path).unwrap().contains("\"ordinal\""));
    app.stop().await;
}

/// All that is below a folder, itself included.
fn below(folder: PathBuf) -> Vec<PathBuf> {
    let mut found = vec![folder];
    let mut next = 0;
    while let Some(path) = found.get(next).cloned() {
        if path.is_dir() {
            found.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        next += 1;
    }
    found
}

/// The size of files is limited, as a full disk or a quota would; then it isn't any more.
#[tokio::test]
async fn a_thread_can_be_begun_as_a_legacy_one() {
    let model = MockModel::start(vec![Answer::new().say("first"), Answer::new().say("second")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let started = app.call("thread/start", json!({"historyMode": "legacy"})).await;
    let thread = &started["thread"];
    assert_eq!(thread["historyMode"], "legacy");
    let id = thread["id"].as_str().unwrap().to_owned();
    let path = thread["path"].as_str().unwrap().to_owned();
    app.run_turn(&id, "one").await;
    app.stop().await;

    let lines = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["payload"]["history_mode"], "legacy");
    assert!(lines.iter().all(|line| line.get("ordinal").is_none()));
    let said = |kind: &str, text: &str| {
        let is_it = |line: &&Value| line["payload"]["type"] == kind && line["payload"]["message"] == text;
        lines.iter().filter(is_it).count()
    };
    assert_eq!(
        (said("user_message", "one"), said("agent_message", "first")),
        (1, 1)
    );

    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": id})).await;
    assert_eq!(resumed["thread"]["historyMode"], "legacy");
    app.run_turn(&id, "two").await;
    let read = json!({"threadId": id, "includeTurns": true});
    let read = app.call("thread/read", read).await;
    let turns = read["thread"]["turns"].as_array().unwrap();
    let texts: Vec<_> = turns.iter().map(|turn| &turn["items"][1]["text"]).collect();
    assert_eq!(texts, ["first", "second"]);
    let input = model.requests()[1].body["input"].to_string();
    assert!(input.contains("one") && input.contains("first") && input.contains("two"));
    let list = app.call("thread/list", json!({})).await;
    assert_eq!(list["data"][0]["historyMode"], "legacy");
    app.stop().await;
}

#[tokio::test]
async fn a_full_disk_is_told_at_every_turn_and_nothing_is_lost_once_there_is_room() {
    let long = "word ".repeat(20_000);
    let model = MockModel::start(
        [Answer::new().say("short")]
            .into_iter()
            .chain((0..3).map(|_| Answer::new().say(&long)))
            .collect::<Vec<_>>(),
    );
    let home = Home::new(&model);
    // 64 KiB; a file that gets larger is an error, and no signal.
    let app = Launch::new(&home).after("ulimit -S -f 128").start().await;
    let id = app.start_thread(json!({})).await;
    let warned = |run: &crate::support::TurnRun| {
        let warnings = run.all("warning");
        let texts = warnings.iter().filter_map(|params| params["message"].as_str());
        texts.filter(|text| text.contains("not saved")).count()
    };
    assert_eq!(warned(&app.run_turn(&id, "one").await), 0);
    for text in ["two", "three"] {
        let run = app.run_turn(&id, text).await;
        assert_eq!((run.status(), warned(&run)), ("completed", 1));
    }
    // What memory alone knows isn't given up.
    let refused = app.call_err("thread/archive", json!({"threadId": id})).await;
    assert!(refused.message.contains("can't be saved"), "{refused:?}");
    let pid = rustix::process::Pid::from_raw(app.pid());
    let limit = rustix::process::prlimit(
        pid,
        rustix::process::Resource::Fsize,
        rustix::process::Rlimit {
            current: None,
            maximum: None,
        },
    );
    limit.unwrap();
    assert_eq!(warned(&app.run_turn(&id, "four").await), 0);
    app.stop().await;
    let app = App::start(&home).await;
    let read = app
        .call("thread/read", json!({"threadId": id, "includeTurns": true}))
        .await;
    let turns = read["thread"]["turns"].as_array().unwrap();
    let statuses: Vec<_> = turns
        .iter()
        .map(|turn| (turn["status"].as_str(), turn["items"].as_array().map(Vec::len)))
        .collect();
    assert_eq!(statuses, [(Some("completed"), Some(2)); 4]);
}

/// What is still not saved when the program ends is said where somebody may look.
#[tokio::test]
async fn what_a_full_disk_refuses_to_the_end_is_in_the_log() {
    let model = MockModel::start([Answer::new().say(&"word ".repeat(20_000))]);
    let home = Home::new(&model);
    let app = Launch::new(&home).after("ulimit -S -f 128").start().await;
    let id = app.start_thread(json!({})).await;
    app.run_turn(&id, "one").await;
    app.stop().await;
    assert!(app.stderr().contains("are not saved to"), "{}", app.stderr());
}

#[tokio::test]
async fn histories_are_their_owners_only_whatever_the_umask() {
    for umask in ["000", "022", "777"] {
        let model = MockModel::start([Answer::new().say("one"), Answer::new().say("two")]);
        let home = Home::new(&model);
        let app = Launch::new(&home).after(&format!("umask {umask}")).start().await;
        let id = app.start_thread(json!({})).await;
        app.run_turn(&id, "one").await;
        app.call("thread/name/set", json!({"threadId": id, "name": "a name"}))
            .await;
        app.call("thread/fork", json!({"threadId": id})).await;
        app.call("thread/archive", json!({"threadId": id})).await;
        app.stop().await;
        let mut seen = 0;
        for part in [
            "sessions",
            "archived_sessions",
            "thread-writer-locks",
            "session_index.jsonl",
            "session_index.jsonl.lock",
        ] {
            for path in below(home.codex().join(part)) {
                let meta = std::fs::metadata(&path).unwrap();
                let mode = std::os::unix::fs::MetadataExt::mode(&meta) & 0o777;
                let wanted = if meta.is_dir() { 0o700 } else { 0o600 };
                assert_eq!(mode, wanted, "{} with umask {umask}", path.display());
                seen += 1;
            }
        }
        assert!(seen > 10, "{seen}");
    }
}

/// By id, by the id in capitals, by path, and by a link to it.
#[tokio::test]
async fn a_thread_that_is_resumed_by_all_its_names_at_once_is_one_thread() {
    let model = MockModel::start([Answer::new().say("one"), Answer::new().say("two")]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let id = app.start_thread(json!({})).await;
    app.run_turn(&id, "one").await;
    let read = app.call("thread/read", json!({"threadId": id})).await;
    let path = read["thread"]["path"].as_str().unwrap().to_owned();
    app.stop().await;
    let link = home.path().join("a link.jsonl");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let app = App::start(&home).await;
    let mut asked = Vec::new();
    for _ in 0..3 {
        for params in [
            json!({"threadId": id}),
            json!({"threadId": id.to_uppercase()}),
            json!({"threadId": "", "path": path}),
            json!({"threadId": "", "path": link}),
        ] {
            asked.push(app.request("thread/resume", params).await);
        }
    }
    for request in asked {
        let resumed = app.response(request).await.unwrap();
        assert_eq!(resumed["thread"]["id"], *id);
        assert_eq!(resumed["thread"]["turns"].as_array().map(Vec::len), Some(1));
    }
    let loaded = app.call("thread/loaded/list", json!({})).await;
    assert_eq!(loaded["data"], json!([id]));
    app.run_turn(&id, "two").await;
}
