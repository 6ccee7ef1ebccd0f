//! Approvals that a model reviews in the user's place (docs/contract/agents.md#automatic-review).

use codex_core::mock_model::{Answer, Condition, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Frame, Home, TurnRun};

/// The reviewer lets an action happen.
pub const ALLOW: &str =
    r#"{"risk_level":"low","user_authorization":"high","outcome":"allow","rationale":"Asked for."}"#;
/// It does not.
pub const DENY: &str =
    r#"{"risk_level":"high","user_authorization":"low","outcome":"deny","rationale":"Too risky."}"#;

/// A call that needs approval, whatever the sandbox can do.
fn escalated(id: &str) -> Answer {
    let arguments = json!({"cmd": "touch asked; echo ran", "sandbox_permissions": "require_escalated",
        "justification": "I need it"});
    Answer::new().call(id, "exec_command", arguments)
}

/// A home in which approvals are reviewed.
fn reviewed(model: &MockModel, extra: &str) -> Home {
    let config = Config {
        top: "approvals_reviewer = \"auto_review\"".to_owned(),
        extra: extra.to_owned(),
        ..Config::asking()
    };
    Home::with(model, &config)
}

/// Methods of what was told of the call with this id, and of reviews.
fn story(turn: &TurnRun, call: &str) -> Vec<String> {
    let of_call = |frame: &Frame| {
        let params = frame.params();
        params["item"]["id"] == call || params["targetItemId"] == call || frame.method() == "guardianWarning"
    };
    let frames = turn.frames.iter().filter(|frame| of_call(frame));
    frames.map(|frame| frame.method().to_owned()).collect()
}

fn asked_a_client(turn: &TurnRun) -> bool {
    turn.frames.iter().any(Frame::is_request)
}

#[tokio::test]
async fn auto_review_lets_a_command_run_without_asking_the_client() {
    let model = MockModel::start([escalated("c1"), Answer::from(ALLOW), Answer::from("Done")]);
    let home = reviewed(&model, "");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Please touch it").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Done"));
    assert!(!asked_a_client(&turn));
    assert!(home.work().join("asked").exists());
    assert_eq!(
        story(&turn, "c1"),
        [
            "item/started",
            "item/autoApprovalReview/started",
            "guardianWarning",
            "item/autoApprovalReview/completed",
            "item/completed"
        ]
    );
    let started = turn.all("item/autoApprovalReview/started")[0];
    let none =
        json!({"status": "inProgress", "riskLevel": null, "userAuthorization": null, "rationale": null});
    assert_eq!((&started["review"], &started["turnId"]), (&none, &json!(turn.id)));
    let action = &started["action"];
    assert_eq!(
        (&action["type"], &action["source"]),
        (&json!("command"), &json!("unifiedExec"))
    );
    assert!(action["command"].as_str().unwrap().contains("touch asked"));
    let completed = turn.all("item/autoApprovalReview/completed")[0];
    assert_eq!(completed["reviewId"], started["reviewId"]);
    assert_eq!(completed["decisionSource"], "agent");
    let review = json!({"status": "approved", "riskLevel": "low", "userAuthorization": "high",
        "rationale": "Asked for."});
    assert_eq!(completed["review"], review);
    let warning = turn.all("guardianWarning")[0];
    assert_eq!(
        warning["message"],
        "Automatic approval review approved (risk: low, authorization: high): Asked for."
    );

    let requests = model.requests();
    let reviewer = &requests[1];
    let metadata = &reviewer.body["client_metadata"];
    assert_eq!(metadata["x-openai-subagent"], "guardian");
    assert_eq!(metadata["x-codex-parent-thread-id"], thread.as_str());
    assert_eq!(reviewer.body["prompt_cache_key"], format!("guardian:{thread}"));
    let format = &reviewer.body["text"]["format"];
    assert_eq!(format["type"], "json_schema");
    assert_eq!(
        format["schema"]["properties"]["outcome"]["enum"],
        json!(["allow", "deny"])
    );
    let tools: Vec<_> = reviewer.body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].clone())
        .collect();
    assert_eq!(tools, ["exec_command", "write_stdin", "view_image"]);
    let told = reviewer.body["input"].to_string();
    assert!(
        told.contains("Please touch it") && told.contains("require_escalated"),
        "{told}"
    );
    assert!(told.contains("Sandbox mode is `read-only`"), "{told}");
}

#[tokio::test]
async fn auto_review_tells_the_agent_why_it_was_denied_and_goes_on_with_one_conversation() {
    let model = MockModel::start([
        escalated("c1"),
        Answer::from(DENY),
        escalated("c2"),
        Answer::from(ALLOW),
        Answer::from("Done"),
    ]);
    let home = reviewed(&model, "[auto_review]\npolicy = \"Mind the coffee.\"\n");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "A wish").await;
    assert_eq!(turn.status(), "completed");
    let items = turn.items_of("commandExecution");
    assert_eq!(
        (&items[0]["status"], &items[1]["status"]),
        (&json!("declined"), &json!("completed"))
    );
    let requests = model.requests();
    let output = requests[2].tool_output("c1").unwrap();
    assert!(
        output.contains("Rejected") && output.contains("Too risky."),
        "{output}"
    );
    // What is new follows what was said before.
    let (first, second) = (&requests[1], &requests[3]);
    assert!(
        first.body["instructions"]
            .as_str()
            .unwrap()
            .contains("Mind the coffee.")
    );
    assert_eq!(first.body["instructions"], second.body["instructions"]);
    let known = first.input().len();
    assert_eq!(first.input(), &second.input()[..known]);
    let news = serde_json::to_string(&second.input()[known..]).unwrap();
    assert!(news.contains("Too risky.") && !news.contains("A wish"), "{news}");
    let same = |name: &str| first.body["client_metadata"][name] == second.body["client_metadata"][name];
    assert!(same("thread_id") && !same("turn_id"));
    let listed = app
        .call("thread/list", json!({"sourceKinds": ["subAgentOther"]}))
        .await;
    assert_eq!(
        listed["data"][0]["source"],
        json!({"subAgent": {"other": "guardian"}})
    );
}

#[tokio::test]
async fn auto_review_asks_three_times_for_an_answer_that_can_be_read() {
    let model = MockModel::start([
        escalated("c1"),
        Answer::from("Sure!"),
        Answer::from("{}"),
        Answer::from("{\"outcome\":\"perhaps\"}"),
        escalated("c2"),
        Answer::from("Hm"),
        Answer::from(format!("Well: {ALLOW}")),
        Answer::from("Done"),
    ]);
    let home = reviewed(&model, "");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!((turn.status(), model.answers_left()), ("completed", 0));
    let reviews: Vec<_> = turn
        .all("item/autoApprovalReview/completed")
        .iter()
        .map(|params| params["review"]["status"].clone())
        .collect();
    assert_eq!(reviews, ["denied", "approved"]);
    let output = model.requests()[4].tool_output("c1").unwrap().to_owned();
    assert!(output.contains("could not be completed"), "{output}");
    assert_eq!(turn.items_of("commandExecution")[0]["status"], "declined");
}

#[tokio::test]
async fn auto_review_stops_a_turn_after_three_denials_in_a_row() {
    let mut script = Vec::new();
    for id in ["c1", "c2", "c3"] {
        script.extend([escalated(id), Answer::from(DENY)]);
    }
    let model = MockModel::start(script);
    let home = reviewed(&model, "");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(turn.status(), "interrupted");
    assert_eq!(turn.items_of("commandExecution").len(), 3);
    let place = |fits: &dyn Fn(&Frame) -> bool| turn.frames.iter().rposition(fits).unwrap();
    let declined = place(&|frame| frame.method() == "item/completed" && frame.params()["item"]["id"] == "c3");
    let warned = place(&|frame| frame.method() == "guardianWarning");
    assert!(declined < warned);
    let message = turn.frames[warned].params()["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("3 consecutive") && message.contains("interrupting the turn"),
        "{message}"
    );
}

#[tokio::test]
async fn auto_review_that_is_strict_tells_the_end_of_a_turn_as_its_error() {
    let mut script = Vec::new();
    for id in ["c1", "c2", "c3"] {
        script.extend([escalated(id), Answer::from(DENY)]);
    }
    script.push(Answer::from("Done"));
    let model = MockModel::start(script);
    let home = reviewed(&model, "[auto_review]\ncircuit_break_action = 'strict'\n");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    let error = &turn.turn["error"];
    assert_eq!(
        (turn.status(), &error["codexErrorInfo"]),
        ("interrupted", &json!("tooManyDenials"))
    );
    assert!(
        error["message"].as_str().unwrap().contains("3 consecutive"),
        "{error}"
    );
    assert_eq!(turn.all("error").len(), 0, "it is no failure");
    let turn = app.run_turn(&thread, "Go on").await;
    assert_eq!((turn.status(), &turn.turn["error"]), ("completed", &json!(null)));
}

#[tokio::test]
async fn auto_review_that_takes_too_long_denies() {
    let model = MockModel::start([
        escalated("c1"),
        Answer::new().half("{").hang(),
        Answer::from("Done"),
    ]);
    let home = reviewed(&model, "[auto_review]\ntimeout_ms = 300\n");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Done"));
    let review = &turn.all("item/autoApprovalReview/completed")[0]["review"];
    assert_eq!(review["status"], "timedOut");
    assert_eq!(turn.items_of("commandExecution")[0]["status"], "declined");
}

#[tokio::test]
async fn auto_review_ends_with_an_interrupt() {
    let model = MockModel::start([
        escalated("c1"),
        Answer::new().half("{").hang(),
        Answer::from("Hi"),
    ]);
    let home = reviewed(&model, "");
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Go").await;
    app.wait_for("item/autoApprovalReview/started").await;
    model.wait_for_requests(2).await.unwrap();
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    assert_eq!(
        turn.all("item/autoApprovalReview/completed")[0]["review"]["status"],
        "aborted"
    );
    assert!(!home.work().join("asked").exists());
    assert_eq!(app.run_turn(&thread, "Still there?").await.text(), "Hi");
}

#[tokio::test]
async fn auto_review_judges_patches_and_permissions_too() {
    let model = MockModel::start("placeholder");
    let home = reviewed(&model, "[features]\nrequest_permissions_tool = true\n");
    let file = home.work().join("new.txt");
    let patch = format!(
        "*** Begin Patch\n*** Add File: {}\n+hello\n*** End Patch",
        file.display()
    );
    model.edit(|script| script.answers.clear());
    for answer in [
        Answer::new().custom_call("p1", "apply_patch", &patch),
        Answer::from(DENY),
        Answer::new().custom_call("p2", "apply_patch", &patch),
        Answer::from(ALLOW),
        Answer::new().call(
            "q1",
            "request_permissions",
            json!({"reason": "why", "permissions": {"network": {"enabled": true}}}),
        ),
        Answer::from(DENY),
        Answer::new().call(
            "q2",
            "request_permissions",
            json!({"permissions": {"network": {"enabled": true}}}),
        ),
        Answer::from(ALLOW),
        Answer::from("Done"),
    ] {
        model.push(answer);
    }
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "gpt-5.5"})).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Done"));
    assert!(!asked_a_client(&turn));
    let changes = turn.items_of("fileChange");
    assert_eq!(
        (&changes[0]["status"], &changes[1]["status"]),
        (&json!("declined"), &json!("completed"))
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "hello\n");
    let actions: Vec<_> = turn
        .all("item/autoApprovalReview/started")
        .iter()
        .map(|params| params["action"].clone())
        .collect();
    assert_eq!(
        actions[0],
        json!({"type": "applyPatch", "cwd": home.work(), "files": [file]})
    );
    assert_eq!(actions[2]["type"], "requestPermissions");
    assert_eq!(actions[2]["reason"], "why");
    assert_eq!(actions[2]["permissions"]["network"], json!({"enabled": true}));
    let requests = model.requests();
    assert!(requests[2].tool_output("p1").unwrap().contains("Too risky."));
    assert!(requests[1].body["input"].to_string().contains("hello"));
    let denied: Value = serde_json::from_str(requests[6].tool_output("q1").unwrap()).unwrap();
    assert_eq!(
        denied["permissions"],
        json!({"network": null, "file_system": null})
    );
    assert!(denied["reason"].as_str().unwrap().contains("Too risky."));
    let granted: Value = serde_json::from_str(requests[8].tool_output("q2").unwrap()).unwrap();
    assert_eq!(granted["permissions"]["network"], json!({"enabled": true}));
}

#[tokio::test]
async fn auto_review_judges_under_a_granular_policy() {
    let model = MockModel::start([escalated("c1"), Answer::from(ALLOW), Answer::from("Done")]);
    let home = reviewed(&model, "");
    let app = App::start(&home).await;
    let granular = json!({"granular": {"sandbox_approval": true, "rules": true, "mcp_elicitations": true}});
    let thread = app.start_thread(json!({"approvalPolicy": granular})).await;
    let turn = app.run_turn(&thread, "Please touch it").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Done"));
    assert!(!asked_a_client(&turn));
    assert!(home.work().join("asked").exists());
}

#[tokio::test]
async fn auto_review_is_not_for_the_policy_untrusted() {
    let model = MockModel::start([escalated("c1"), Answer::from("Done")]);
    let home = reviewed(&model, "");
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"approvalPolicy": "untrusted"})).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request("item/commandExecution/requestApproval").await;
    app.respond(&request, json!({"decision": "decline"})).await;
    assert_eq!(app.end_of(running).await.status(), "completed");
    assert_eq!(model.requests().len(), 2);
}

#[tokio::test]
async fn the_user_approves_what_a_review_has_denied() {
    let model = MockModel::start([
        escalated("c1"),
        Answer::from(DENY),
        Answer::from("Denied"),
        escalated("c2"),
        Answer::from(ALLOW),
        Answer::from("Done"),
    ]);
    let home = reviewed(&model, "");
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    let told = turn.all("item/autoApprovalReview/completed")[0].clone();
    let approve = |event: Value| json!({"threadId": thread, "event": event});
    let method = "thread/approveGuardianDeniedAction";
    let bad = [
        (json!({}), "missing field `id`"),
        (json!({"id": "x"}), "missing field `status`"),
        (json!({"id": "x", "status": "denied"}), "missing field `action`"),
        (
            json!({"id": "x", "status": "denied", "action": {"type": "foo"}}),
            "unknown variant `foo`",
        ),
    ];
    for (event, why) in bad {
        let error = app.call_err(method, approve(event)).await;
        assert_eq!(error.code, -32600);
        assert!(
            error.message.contains("invalid Guardian denial event") && error.message.contains(why),
            "{error:?}"
        );
    }
    let approved = json!({"id": "x", "status": "approved", "action": {"type": "command", "source": "unified_exec",
        "command": "never denied", "cwd": "/"}});
    assert_eq!(app.call(method, approve(approved)).await, json!({}));
    assert_eq!(app.call(method, approve(told)).await, json!({}));
    assert_eq!(app.run_turn(&thread, "Again").await.status(), "completed");
    let requests = model.requests();
    let input = requests[3].body["input"].to_string();
    assert!(
        input.contains("approves it by hand") && input.contains("touch asked"),
        "{input}"
    );
    assert!(!input.contains("never denied"), "{input}");
    let reviewer = requests[4].body["input"].to_string();
    assert!(
        reviewer.contains("approves it by hand") && reviewer.contains("\\\"from\\\":\\\"approval\\\""),
        "{reviewer}"
    );
}

#[tokio::test]
async fn a_client_has_the_last_call_reviewed() {
    let model = MockModel::start([Answer::from(DENY).expect(Condition::input("rm -rf build"))]);
    let home = Home::with(&model, &Config::asking());
    let (app, thread) = App::with_thread(&home).await;
    let method = "thread/guardianReview";
    let params = json!({"threadId": thread});
    let error = app.call_err(method, params.clone()).await;
    assert_eq!(error.code, -32600);
    assert!(
        error.message.contains("expected a final plaintext exec_command"),
        "{error:?}"
    );

    let call = |name: &str, id: &str, arguments: Value| {
        let item =
            json!({"type": "function_call", "name": name, "call_id": id, "arguments": arguments.to_string()});
        json!({"threadId": thread, "items": [item]})
    };
    app.call(
        "thread/inject_items",
        call("view_image", "k0", json!({"path": "/a.png"})),
    )
    .await;
    let error = app.call_err(method, params.clone()).await;
    assert!(error.message.contains("unsupported tool"), "{error:?}");
    let plain = json!({"cmd": "ls"});
    app.call("thread/inject_items", call("exec_command", "k1", plain))
        .await;
    let answer = app.call(method, params.clone()).await;
    assert_eq!(answer, json!({"callId": "k1", "assessment": null}));
    let risky =
        json!({"cmd": "rm -rf build", "sandbox_permissions": "require_escalated", "justification": "x"});
    app.call("thread/inject_items", call("exec_command", "k2", risky))
        .await;
    let answer = app.call(method, params).await;
    let assessment = json!({"outcome": "deny", "riskLevel": "high", "userAuthorization": "low",
        "rationale": "Too risky."});
    assert_eq!(answer, json!({"callId": "k2", "assessment": assessment}));
    assert_eq!((model.requests().len(), model.mismatches()), (1, Vec::new()));
}

#[tokio::test]
async fn the_reviewer_is_told_by_its_present_name() {
    let model = MockModel::start("ok");
    let config = Config {
        top: "approvals_reviewer = \"guardian_subagent\"".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let app = App::start(&home).await;
    let read = app.call("config/read", json!({})).await;
    assert_eq!(read["config"]["approvals_reviewer"], "auto_review");
    let started = app.call("thread/start", json!({"cwd": home.work()})).await;
    assert_eq!(started["approvalsReviewer"], "auto_review");
    let thread = started["thread"]["id"].as_str().unwrap();
    let reviewer = |name: &str| json!({"threadId": thread, "approvalsReviewer": name});
    app.call("thread/settings/update", reviewer("user")).await;
    app.call("thread/settings/update", reviewer("guardian_subagent"))
        .await;
    for name in ["user", "auto_review"] {
        let told = app.wait_for("thread/settings/updated").await;
        assert_eq!(told["threadSettings"]["approvalsReviewer"], name);
    }
    let mark = app.mark();
    app.call("thread/settings/update", reviewer("auto_review")).await;
    let effort = json!({"threadId": thread, "effort": "low"});
    app.call("thread/settings/update", effort).await;
    app.wait_for("thread/settings/updated").await;
    assert_eq!(
        app.notified_since(mark),
        ["thread/settings/updated"],
        "one change"
    );
    app.stop().await;
}
