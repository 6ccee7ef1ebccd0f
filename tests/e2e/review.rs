//! Reviews of changes (docs/contract/agents.md#review).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Frame, Home, RunningTurn, TurnRun};

/// What a reviewer answers.
fn answer(findings: &Value, explanation: &str) -> String {
    json!({
        "findings": findings,
        "overall_correctness": "patch is incorrect",
        "overall_explanation": explanation,
        "overall_confidence_score": 0.8,
    })
    .to_string()
}

fn finding(title: &str, body: &str, line: u32) -> Value {
    json!({"title": title, "body": body, "confidence_score": 0.9, "priority": 1, "code_location":
        {"absolute_file_path": "/w/a.rs", "line_range": {"start": line, "end": line + 1}}})
}

/// Starts a review; its request has been answered. Gives the answer, too.
async fn start(app: &App, thread: &str, target: Value) -> (Value, RunningTurn) {
    let mark = app.mark();
    let result = app
        .call("review/start", json!({"threadId": thread, "target": target}))
        .await;
    let id = result["turn"]["id"].as_str().unwrap().to_owned();
    (result, RunningTurn::new(id, mark))
}

/// Runs a review to its end.
async fn review(app: &App, thread: &str, target: Value) -> TurnRun {
    let (_, running) = start(app, thread, target).await;
    app.end_of(running).await
}

/// The items that were started and completed, as `kind +` and `kind -`.
fn story(turn: &TurnRun) -> Vec<String> {
    let mark = |frame: &Frame| match frame.method() {
        "item/started" => Some("+"),
        "item/completed" => Some("-"),
        _ => None,
    };
    let lines = turn.frames.iter().filter_map(|frame| {
        let kind = frame.params()["item"]["type"].as_str()?.to_owned();
        Some(format!("{kind} {}", mark(frame)?))
    });
    lines.collect()
}

fn text_of(message: &Value) -> &str {
    message["content"][0]["text"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_review_has_one_turn_id_from_its_answer_to_its_end() {
    let model = MockModel::start([
        Answer::new()
            .say("Let me look.")
            .call("c1", "exec_command", json!({"cmd": "echo looked"})),
        Answer::new().say_in(
            &answer(&json!([finding("[P1] Bad", "It is.\nReally.", 3)]), "Look."),
            3,
        ),
        Answer::from("On it"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let target = json!({"type": "commit", "sha": "9b3ba3c5d1", "title": "Close files"});
    let (answered, running) = start(&app, &thread, target).await;
    let id = running.id.clone();
    assert_eq!(answered["reviewThreadId"], thread.as_str());
    assert_eq!(answered["turn"]["status"], "inProgress");
    let hint = &answered["turn"]["items"][0];
    assert_eq!((&hint["type"], &hint["id"]), (&json!("userMessage"), &json!(id)));
    assert_eq!(text_of(hint), "commit 9b3ba3c: Close files");

    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(turn.all("turn/started")[0]["turn"]["id"], id.as_str());
    for params in turn
        .all("item/started")
        .into_iter()
        .chain(turn.all("item/completed"))
    {
        assert_eq!(
            (&params["turnId"], &params["threadId"]),
            (&json!(id), &json!(thread))
        );
    }
    let expected = [
        "enteredReviewMode +",
        "enteredReviewMode -",
        "userMessage +",
        "userMessage -",
        "agentMessage +",
        "agentMessage -",
        "commandExecution +",
        "commandExecution -",
        // The review as JSON.
        "agentMessage +",
        "exitedReviewMode +",
        "exitedReviewMode -",
        "agentMessage +",
        "agentMessage -",
    ];
    // The first message is complete only when it is known not to be the review.
    let mut told = story(&turn);
    if let Some(place) = told.iter().rposition(|line| line == "commandExecution +")
        && told[place - 1] != "agentMessage -"
    {
        told.swap(place - 1, place);
    }
    assert_eq!(told, expected);
    assert!(turn.all("item/agentMessage/delta").is_empty());
    assert!(turn.all("thread/tokenUsage/updated").is_empty());
    let rendered = "Look.\n\nReview comment:\n\n- [P1] Bad — /w/a.rs:3-4\n  It is.\n  Really.";
    assert_eq!(
        turn.items_of("enteredReviewMode")[0]["review"],
        "commit 9b3ba3c: Close files"
    );
    assert_eq!(turn.items_of("exitedReviewMode")[0]["review"], rendered);
    let message = turn.turn["items"][0].clone();
    assert_eq!(
        (&message["type"], &message["text"]),
        (&json!("agentMessage"), &json!(rendered))
    );

    let read = app
        .call("thread/read", json!({"threadId": thread, "includeTurns": true}))
        .await;
    let turns = read["thread"]["turns"].as_array().unwrap();
    assert_eq!((turns.len(), &turns[0]["id"]), (1, &json!(id)));
    let kinds: Vec<_> = turns[0]["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            "enteredReviewMode",
            "userMessage",
            "exitedReviewMode",
            "agentMessage"
        ]
    );
    assert_eq!(turns[0]["items"][2]["review"], rendered);

    app.run_turn(&thread, "Fix it").await;
    let last = &model.requests()[2];
    let messages = last.input_of("message");
    let told = text_of(messages[0]);
    assert!(
        told.starts_with("<user_action>") && told.contains("<action>review</action>"),
        "{told}"
    );
    assert!(told.contains(rendered), "{told}");
    assert_eq!(
        (&messages[1]["role"], text_of(messages[1])),
        (&json!("assistant"), rendered)
    );
}

#[tokio::test]
async fn a_reviewer_has_a_conversation_of_its_own() {
    let model = MockModel::start([
        Answer::from("Hi"),
        Answer::from(answer(&json!([]), "Fine.").as_str()),
        Answer::from("Yes"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app
        .start_thread(json!({"baseInstructions": "Be the main agent."}))
        .await;
    app.run_turn(&thread, "A secret of the main thread").await;
    let turn = review(
        &app,
        &thread,
        json!({"type": "custom", "instructions": "  Look at a.rs  "}),
    )
    .await;
    assert_eq!(turn.items_of("exitedReviewMode")[0]["review"], "Fine.");
    app.run_turn(&thread, "More").await;

    let requests = model.requests();
    let reviewer = &requests[1];
    let metadata = &reviewer.body["client_metadata"];
    assert_eq!(metadata["x-openai-subagent"], "review");
    assert_eq!(metadata["x-codex-parent-thread-id"], thread.as_str());
    assert_eq!(
        (&metadata["session_id"], &metadata["turn_id"]),
        (&json!(thread), &json!(turn.id))
    );
    assert_eq!(reviewer.header("x-openai-subagent"), Some("review"));
    assert_eq!(reviewer.body["prompt_cache_key"], thread.as_str());
    let instructions = reviewer.body["instructions"].as_str().unwrap();
    assert!(instructions.contains("overall_correctness") && !instructions.contains("main agent"));
    let said = reviewer.body["input"].to_string();
    assert!(
        said.contains("Look at a.rs") && !said.contains("A secret"),
        "{said}"
    );
    assert!(said.contains("Approval policy is `never`"), "{said}");
    let tools: Vec<_> = reviewer.body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].clone())
        .collect();
    assert_eq!(
        tools,
        ["exec_command", "write_stdin", "request_user_input", "view_image"]
    );
    // The main thread goes on from where it was.
    let before = requests[0].input().len();
    assert_eq!(requests[0].input(), &requests[2].input()[..before]);
    assert!(
        requests[2].body["instructions"]
            .as_str()
            .unwrap()
            .contains("main agent")
    );

    let listed = app
        .call("thread/list", json!({"sourceKinds": ["subAgentReview"]}))
        .await;
    let rows = listed["data"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{listed}");
    assert_eq!(rows[0]["source"], json!({"subAgent": "review"}));
    assert_eq!(rows[0]["parentThreadId"], thread.as_str());
    let loaded = app.call("thread/loaded/list", json!({})).await;
    assert_eq!(loaded["data"], json!([thread]));
    let plain = app.call("thread/list", json!({})).await;
    assert_eq!(plain["data"].as_array().unwrap().len(), 1, "{plain}");
}

#[tokio::test]
async fn a_reviewer_never_asks() {
    let escalated =
        json!({"cmd": "touch asked", "sandbox_permissions": "require_escalated", "justification": "x"});
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", escalated),
        Answer::from("nothing"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let (app, thread) = App::with_thread(&home).await;
    let turn = review(&app, &thread, json!({"type": "uncommittedChanges"})).await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(turn.items_of("enteredReviewMode")[0]["review"], "current changes");
    assert_eq!(turn.items_of("exitedReviewMode")[0]["review"], "nothing");
    assert!(!turn.frames.iter().any(Frame::is_request));
    assert!(!home.work().join("asked").exists());
    let told = model.requests()[1].tool_output("c1").unwrap().to_owned();
    assert!(told.contains("never") || told.contains("Never"), "{told}");
}

#[tokio::test]
async fn empty_targets_of_a_review_are_refused() {
    let model = MockModel::start("unused");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let refused = [
        (
            json!({"type": "baseBranch", "branch": " "}),
            "branch must not be empty",
        ),
        (json!({"type": "commit", "sha": ""}), "sha must not be empty"),
        (
            json!({"type": "custom", "instructions": "\n"}),
            "instructions must not be empty",
        ),
    ];
    for (target, message) in refused {
        let error = app
            .call_err("review/start", json!({"threadId": thread, "target": target}))
            .await;
        assert_eq!((error.code, error.message.as_str()), (-32600, message));
    }
    let detached =
        json!({"threadId": thread, "target": {"type": "uncommittedChanges"}, "delivery": "detached"});
    assert_eq!(app.call_err("review/start", detached).await.code, -32602);
    let unknown =
        json!({"threadId": "00000000-0000-7000-8000-000000000000", "target": {"type": "uncommittedChanges"}});
    let error = app.call_err("review/start", unknown).await;
    assert!(error.message.starts_with("thread not found"), "{error:?}");
    assert!(model.requests().is_empty());
}

#[tokio::test]
async fn a_review_against_a_branch_needs_a_repository() {
    let model = MockModel::start("The branch is fine");
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let target = json!({"type": "baseBranch", "branch": "main"});
    let turn = review(&app, &thread, target.clone()).await;
    assert_eq!(turn.status(), "failed");
    let message = format!("{:?} is not a git repository", home.work());
    assert_eq!(turn.turn["error"]["message"], message);
    assert_eq!(turn.all("error")[0]["error"]["message"], message);
    assert!(story(&turn).is_empty());

    std::fs::create_dir(home.work().join(".git")).unwrap();
    std::fs::write(home.work().join(".git/HEAD"), "ref: refs/heads/topic\n").unwrap();
    let turn = review(&app, &thread, target).await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(
        turn.items_of("enteredReviewMode")[0]["review"],
        "changes against 'main'"
    );
    let asked = turn.items_of("userMessage")[0];
    assert!(text_of(asked).contains("git merge-base HEAD main"), "{asked}");
}

#[tokio::test]
async fn a_review_against_a_branch_begins_where_the_two_have_parted() {
    let model = MockModel::start("The branch is fine");
    let home = Home::new(&model);
    let git = |arguments: &str| {
        let done = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@t"])
            .args(arguments.split(' '))
            .current_dir(home.work())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    };
    git("init -q -b main");
    for message in ["one", "two"] {
        git(&format!("commit -q --allow-empty -m {message}"));
    }
    git("checkout -q -b topic");
    git("commit -q --allow-empty -m mine");
    git("checkout -q main");
    git("commit -q --allow-empty -m theirs");
    git("checkout -q topic");
    let (app, thread) = App::with_thread(&home).await;
    let asked_about_main = async || {
        let turn = review(&app, &thread, json!({"type": "baseBranch", "branch": "main"})).await;
        text_of(turn.items_of("userMessage")[0]).to_owned()
    };
    let diff_from = |commit: &str| format!("`git diff {}`", commit.trim());
    let asked = asked_about_main().await;
    let parted = git("merge-base HEAD main");
    assert!(asked.contains(&diff_from(&parted)), "{asked}");
    // What the branch follows counts if it has more.
    git("update-ref refs/remotes/origin/main main~1");
    git("config branch.main.remote origin");
    git("config branch.main.merge refs/heads/main");
    git("config remote.origin.fetch +refs/heads/*:refs/remotes/origin/*");
    git("merge -q -m both main");
    let asked = asked_about_main().await;
    assert!(asked.contains(&diff_from(&git("rev-parse main"))), "{asked}");
    git("update-ref refs/remotes/origin/main topic");
    let asked = asked_about_main().await;
    assert!(asked.contains(&diff_from(&git("rev-parse topic"))), "{asked}");
    let none = json!({"type": "baseBranch", "branch": "../../main"});
    let turn = review(&app, &thread, none).await;
    let asked = text_of(turn.items_of("userMessage")[0]).to_owned();
    assert!(asked.contains("git merge-base HEAD"), "{asked}");
}

#[tokio::test]
async fn an_interrupted_review_says_so_and_ends() {
    let model = MockModel::start([Answer::new().half("{\"findings\"").hang(), Answer::from("Go on")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let (_, running) = start(&app, &thread, json!({"type": "uncommittedChanges"})).await;
    app.wait_where("item/started", |params| params["item"]["type"] == "agentMessage")
        .await;

    let steer =
        json!({"threadId": thread, "expectedTurnId": running.id, "input": [{"type": "text", "text": "x"}]});
    let error = app.call_err("turn/steer", steer).await;
    assert_eq!(
        (error.code, error.message.as_str()),
        (-32600, "cannot steer a review turn")
    );
    assert_eq!(
        error.data["codexErrorInfo"],
        json!({"activeTurnNotSteerable": {"turnKind": "review"}})
    );
    let again = json!({"threadId": thread, "input": [{"type": "text", "text": "x"}]});
    let error = app.call_err("turn/start", again).await;
    assert_eq!(error.code, -32603);
    assert!(
        error
            .message
            .contains("ActiveTurnNotSteerable { turn_kind: Review }"),
        "{error:?}"
    );

    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    let exited = turn.items_of("exitedReviewMode")[0];
    assert_eq!(exited["review"], "Reviewer failed to output a response.");
    assert!(
        turn.text().contains("ended before it had a result"),
        "{}",
        turn.text()
    );
    let after = app.run_turn(&thread, "And now?").await;
    assert_eq!(after.status(), "completed");
    let told = model.requests()[1].body["input"].to_string();
    let result = told.find("<user_action>").expect("what became of it");
    let aborted = told.find("<turn_aborted>").expect("that it was interrupted");
    assert!(result < aborted, "{told}");
}

#[tokio::test]
async fn a_failing_review_fails_its_turn_and_an_empty_one_completes() {
    let model = MockModel::start([
        Answer::status(400).body(json!("no such thing")),
        Answer::from("  "),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = review(&app, &thread, json!({"type": "uncommittedChanges"})).await;
    assert_eq!(turn.status(), "failed");
    assert_eq!(turn.all("error").len(), 1);
    assert_eq!(turn.all("error")[0]["turnId"], turn.id.as_str());
    let place = |method: &str, kind: &str| {
        let is_it = |frame: &Frame| {
            let params = frame.params();
            frame.method() == method
                && [&params["item"]["type"], &params["status"]["type"]].contains(&&json!(kind))
                || frame.method() == method && kind.is_empty()
        };
        turn.frames.iter().position(is_it).unwrap()
    };
    let order = [
        place("thread/status/changed", "systemError"),
        place("error", ""),
        place("item/started", "exitedReviewMode"),
        place("turn/completed", ""),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(
        turn.items_of("exitedReviewMode")[0]["review"],
        "Reviewer failed to output a response."
    );
    let turn = review(&app, &thread, json!({"type": "uncommittedChanges"})).await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(
        turn.items_of("exitedReviewMode")[0]["review"],
        "Reviewer failed to output a response."
    );
    assert_eq!(turn.items_of("agentMessage").len(), 1);
}

#[tokio::test]
async fn a_review_interrupts_the_running_turn() {
    let model = MockModel::start([
        Answer::new().half("I am").hang(),
        Answer::from("Fine"),
        Answer::from("Sure"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Work").await;
    app.wait_for("item/agentMessage/delta").await;
    let (_, review) = start(&app, &thread, json!({"type": "uncommittedChanges"})).await;
    assert_eq!(app.end_of(running).await.status(), "interrupted");
    let turn = app.end_of(review).await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(turn.items_of("exitedReviewMode")[0]["review"], "Fine");
    app.run_turn(&thread, "Go on").await;
    let told = model.requests()[2].body["input"].to_string();
    assert!(
        told.contains("\"Work\"") && !told.contains("<turn_aborted>"),
        "{told}"
    );
}

#[tokio::test]
async fn a_review_uses_the_model_that_is_configured_for_reviews() {
    let model = MockModel::start([Answer::from("Fine"), Answer::from("Hi")]);
    let home = Home::with(
        &model,
        &Config {
            top: "review_model = \"gpt-5.5\"".to_owned(),
            ..Config::default()
        },
    );
    let (app, thread) = App::with_thread(&home).await;
    review(&app, &thread, json!({"type": "uncommittedChanges"})).await;
    app.run_turn(&thread, "Hi").await;
    let models: Vec<_> = model
        .requests()
        .iter()
        .map(|request| request.body["model"].clone())
        .collect();
    assert_eq!(models, ["gpt-5.5", "gpt-5.2-codex"]);
}

#[tokio::test]
async fn a_resumed_thread_shows_its_review() {
    let findings = json!([finding("A", "a", 1), finding("B", "b", 7)]);
    let model = MockModel::start([Answer::from(answer(&findings, "").as_str()), Answer::from("Yes")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = review(&app, &thread, json!({"type": "uncommittedChanges"})).await;
    let rendered = "Full review comments:\n\n- A — /w/a.rs:1-2\n  a\n\n- B — /w/a.rs:7-8\n  b";
    assert_eq!(turn.items_of("exitedReviewMode")[0]["review"], rendered);
    app.stop().await;

    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    let turns = resumed["thread"]["turns"].as_array().unwrap();
    assert_eq!((turns.len(), &turns[0]["status"]), (1, &json!("completed")));
    assert_eq!(turns[0]["items"][2]["review"], rendered);
    app.run_turn(&thread, "Fix A").await;
    assert!(
        model.requests()[1].body["input"]
            .to_string()
            .contains("Full review comments:")
    );
}

#[tokio::test]
async fn a_review_works_over_websocket_too() {
    let model = MockModel::start([
        Answer::from("Hi"),
        Answer::new().call("c1", "exec_command", json!({"cmd": "echo looked"})),
        Answer::from(answer(&json!([]), "Fine.").as_str()),
        Answer::from("Yes"),
    ]);
    let config = Config {
        websockets: true,
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Hello").await;
    let turn = review(&app, &thread, json!({"type": "uncommittedChanges"})).await;
    assert_eq!(turn.items_of("exitedReviewMode")[0]["review"], "Fine.");
    assert_eq!(app.run_turn(&thread, "More").await.text(), "Yes");
    let requests = model.requests();
    let agents: Vec<_> = requests
        .iter()
        .map(|request| request.body["client_metadata"]["x-openai-subagent"].clone())
        .collect();
    assert_eq!(
        agents,
        [Value::Null, json!("review"), json!("review"), Value::Null]
    );
    // The thread and the reviewer have a connection each.
    assert_eq!(model.handshakes().len(), 2);
}

#[tokio::test]
async fn a_review_that_was_killed_is_shown_as_interrupted() {
    let model = MockModel::start([Answer::new().half("{").hang(), Answer::from("Yes")]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    start(&app, &thread, json!({"type": "uncommittedChanges"})).await;
    app.wait_where("item/started", |params| params["item"]["type"] == "agentMessage")
        .await;
    app.signal(rustix::process::Signal::KILL);
    app.exit().await;

    let app = App::start(&home).await;
    let resumed = app.call("thread/resume", json!({"threadId": thread})).await;
    let turns = resumed["thread"]["turns"].as_array().unwrap();
    assert_eq!((turns.len(), &turns[0]["status"]), (1, &json!("interrupted")));
    let items = turns[0]["items"].as_array().unwrap();
    let kinds: Vec<_> = items.iter().map(|item| item["type"].clone()).collect();
    assert_eq!(kinds, ["enteredReviewMode", "userMessage"]);
    assert_eq!(app.run_turn(&thread, "Go on").await.text(), "Yes");
}
