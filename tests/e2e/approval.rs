//! Questions about commands (docs/contract/items-and-approvals.md#command-approval).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Frame, Home, ServerRequest, TurnRun};

/// Arguments of a command that is asked for under `on-request` whatever the sandbox can do.
fn escalated(command: &str) -> Value {
    json!({"cmd": command, "sandbox_permissions": "require_escalated", "justification": "I need it"})
}

struct Asked {
    model: MockModel,
    home: Home,
    request: ServerRequest,
    turn: TurnRun,
}

impl Asked {
    fn output(&self) -> String {
        self.model.requests()[1].tool_output("c1").unwrap().to_owned()
    }
}

/// Runs a turn whose command is asked for, and answers with this result, or with an error if null.
async fn ask(result: Value) -> Asked {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", escalated("touch asked; echo ran")),
        Answer::from("Seen"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Run it").await;
    let request = app.server_request("item/commandExecution/requestApproval").await;
    assert!(
        !home.work().join("asked").exists(),
        "nothing runs before the answer"
    );
    if result.is_null() {
        app.respond_error(&request, -32000, "the window was closed").await;
    } else {
        app.respond(&request, result).await;
    }
    let turn = app.end_of(running).await;
    Asked {
        model,
        home,
        request,
        turn,
    }
}

#[tokio::test]
async fn an_accepted_command_runs() {
    let asked = ask(json!({"decision": "accept"})).await;
    let params = &asked.request.params;
    assert_eq!(params["itemId"], "c1");
    assert_eq!(params["turnId"], asked.turn.id.as_str());
    assert_eq!(params["reason"], "I need it");
    assert!(params["command"].as_str().unwrap().contains("touch asked"));
    assert_eq!(params["cwd"], asked.home.work().to_str().unwrap());
    let decisions = params["availableDecisions"].as_array().unwrap();
    assert!(decisions.contains(&json!("accept")) && decisions.contains(&json!("cancel")));
    assert_eq!(asked.turn.status(), "completed");
    let item = asked.turn.items_of("commandExecution")[0];
    assert_eq!(
        (&item["status"], &item["exitCode"]),
        (&json!("completed"), &json!(0))
    );
    assert!(asked.home.work().join("asked").exists());
    assert!(asked.output().contains("ran"));
}

#[tokio::test]
async fn a_question_is_told_in_the_right_order() {
    let asked = ask(json!({"decision": "accept"})).await;
    let flags = |flags: Value| json!({"type": "active", "activeFlags": flags});
    let statuses: Vec<_> = asked
        .turn
        .all("thread/status/changed")
        .iter()
        .map(|params| params["status"].clone())
        .collect();
    assert_eq!(
        statuses,
        [
            flags(json!([])),
            flags(json!(["waitingOnApproval"])),
            flags(json!([])),
            json!({"type": "idle"})
        ]
    );
    let frames = &asked.turn.frames;
    let place = |name: &str, fits: &dyn Fn(&Value) -> bool| {
        let right = |frame: &Frame| frame.method() == name && fits(frame.params());
        frames
            .iter()
            .position(right)
            .unwrap_or_else(|| panic!("no {name}"))
    };
    let of_command = |params: &Value| params["item"]["id"] == "c1";
    let waiting = place("thread/status/changed", &|params| {
        params["status"]["activeFlags"] == json!(["waitingOnApproval"])
    });
    let started = place("item/started", &of_command);
    let request = place("item/commandExecution/requestApproval", &|_| true);
    let resolved = place("serverRequest/resolved", &|params| {
        params["requestId"] == asked.request.id
    });
    let completed = place("item/completed", &of_command);
    assert!(waiting < started && started < request && request < resolved && resolved < completed);
    assert_eq!(frames[started].params()["item"]["source"], "agent");
    let starts = frames
        .iter()
        .filter(|frame| frame.method() == "item/started" && of_command(frame.params()));
    assert_eq!(starts.count(), 1);
}

#[tokio::test]
async fn a_declined_command_does_not_run_and_the_turn_goes_on() {
    let asked = ask(json!({"decision": "decline"})).await;
    assert_eq!(
        (asked.turn.status(), asked.turn.text().as_str()),
        ("completed", "Seen")
    );
    let item = asked.turn.items_of("commandExecution")[0];
    assert_eq!(
        (&item["status"], &item["exitCode"]),
        (&json!("declined"), &Value::Null)
    );
    assert!(!asked.home.work().join("asked").exists());
    assert!(asked.output().contains("rejected"), "{}", asked.output());
}

#[tokio::test]
async fn a_declined_command_has_ended_before_the_status_says_that_nothing_is_waited_for() {
    for (decision, status) in [("decline", "completed"), ("cancel", "interrupted")] {
        let asked = ask(json!({"decision": decision})).await;
        assert_eq!(asked.turn.status(), status);
        let is_of_interest = |frame: &&Frame| {
            let params = frame.params();
            match frame.method() {
                "serverRequest/resolved" => true,
                "item/completed" => params["item"]["type"] == "commandExecution",
                "thread/status/changed" => params["status"]["activeFlags"] == json!([]),
                _ => false,
            }
        };
        let told = asked.turn.frames.iter().filter(is_of_interest);
        let told: Vec<_> = told.map(Frame::method).collect();
        let wanted = [
            "thread/status/changed",
            "serverRequest/resolved",
            "item/completed",
            "thread/status/changed",
        ];
        assert_eq!(told, wanted, "{decision}");
    }
}

#[tokio::test]
async fn an_error_instead_of_an_answer_counts_as_declined() {
    for result in [Value::Null, json!({"decision": "perhaps"})] {
        let asked = ask(result).await;
        assert_eq!(asked.turn.status(), "completed");
        let item = asked.turn.items_of("commandExecution")[0];
        assert!(item["status"] != "completed" && item["exitCode"] != 0, "{item}");
        assert!(!asked.home.work().join("asked").exists());
    }
}

#[tokio::test]
async fn a_cancelled_command_interrupts_the_turn() {
    let asked = ask(json!({"decision": "cancel"})).await;
    assert_eq!(asked.turn.status(), "interrupted");
    assert!(!asked.home.work().join("asked").exists());
    assert_eq!(asked.model.requests().len(), 1);
}

#[tokio::test]
async fn two_questions_are_open_at_a_time_and_may_be_answered_in_any_order() {
    let model = MockModel::start([
        Answer::new()
            .call("c1", "exec_command", escalated("touch first"))
            .call("c2", "exec_command", escalated("touch second")),
        Answer::from("Seen"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Run both").await;
    let mut requests = Vec::new();
    for _ in 0..2 {
        requests.push(app.server_request("item/commandExecution/requestApproval").await);
    }
    requests.sort_by_key(|request| request.params["itemId"].to_string());
    app.respond(&requests[1], json!({"decision": "accept"})).await;
    app.respond(&requests[0], json!({"decision": "decline"})).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    assert!(!home.work().join("first").exists() && home.work().join("second").exists());
}

#[tokio::test]
async fn a_command_that_may_not_be_asked_for_is_refused_with_the_reason() {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", escalated("touch refused")),
        Answer::from("Seen"),
    ]);
    let config = Config {
        sandbox_mode: "read-only".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Run it").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Seen"));
    let requests = model.requests();
    let output = requests[1].tool_output("c1").unwrap();
    assert!(output.to_lowercase().contains("never"), "{output}");
    assert!(!home.work().join("refused").exists());
}

#[tokio::test]
async fn full_access_asks_nothing() {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", escalated("touch free")),
        Answer::from("Seen"),
    ]);
    let config = Config {
        approval_policy: "on-request".into(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Run it").await;
    assert_eq!(turn.status(), "completed");
    assert!(turn.frames.iter().all(|frame| !frame.is_request()));
    assert!(home.work().join("free").exists());
}

#[tokio::test]
async fn accepted_for_the_session_is_not_asked_again_but_in_a_terminal() {
    let mut in_terminal = escalated("echo again");
    in_terminal["tty"] = true.into();
    let mut without_login = escalated("echo again");
    without_login["login"] = false.into();
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", escalated("echo again")),
        Answer::new().call("c2", "exec_command", escalated("echo again")),
        Answer::new().call("c3", "exec_command", without_login),
        Answer::new().call("c4", "exec_command", in_terminal),
        Answer::from("Seen"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Run it").await;
    for call in ["c1", "c4"] {
        let request = app.server_request("item/commandExecution/requestApproval").await;
        assert_eq!(request.params["itemId"], call);
        app.respond(&request, json!({"decision": "acceptForSession"}))
            .await;
    }
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    assert_eq!(turn.frames.iter().filter(|frame| frame.is_request()).count(), 2);
    assert_eq!(turn.items_of("commandExecution").len(), 4);
}

#[tokio::test]
async fn one_who_unsubscribes_may_still_answer_what_they_were_asked() {
    for (decision, status) in [("accept", "completed"), ("decline", "declined")] {
        let model = MockModel::start([
            Answer::new().call("c1", "exec_command", escalated("touch asked")),
            Answer::from("Seen"),
        ]);
        let home = Home::with(&model, &Config::asking());
        let app = App::start(&home).await;
        let thread = app.start_thread(json!({})).await;
        app.start_turn(&thread, "Run it").await;
        let request = app.server_request("item/commandExecution/requestApproval").await;
        app.call("thread/unsubscribe", json!({"threadId": thread})).await;
        app.respond(&request, json!({"decision": decision})).await;
        app.wait_where("thread/status/changed", |params| {
            params["status"]["type"] == "idle"
        })
        .await;
        assert_eq!(home.work().join("asked").exists(), decision == "accept");
        let read = json!({"threadId": thread, "includeTurns": true});
        let read = app.call("thread/read", read).await;
        let turn = &read["thread"]["turns"][0];
        assert_eq!(turn["status"], "completed");
        let items = turn["items"].as_array().unwrap();
        let command = items.iter().find(|item| item["id"] == "c1").unwrap();
        assert_eq!(command["status"], status);
        app.stop().await;
    }
}
