//! Permissions beyond the sandbox (docs/contract/items-and-approvals.md#permission-requests).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::auto_review::{ALLOW, DENY};
use crate::support::{App, Config, Home};

const METHOD: &str = "item/permissions/requestApproval";

fn home(model: &MockModel, feature: &str, approval: &str) -> Home {
    let config = Config {
        approval_policy: approval.into(),
        sandbox_mode: "read-only".into(),
        extra: format!("[features]\n{feature} = true\n"),
        ..Config::default()
    };
    Home::with(model, &config)
}

fn asking(permissions: &Value) -> Value {
    json!({"reason": "I need it", "permissions": permissions})
}

fn told(model: &MockModel, request: usize, call: &str) -> Value {
    let requests = model.requests();
    let output = requests[request].tool_output(call).unwrap();
    serde_json::from_str(output).unwrap_or_else(|_| output.into())
}

#[tokio::test]
async fn the_user_grants_a_part_of_what_the_model_asks_for() {
    let wanted = json!({"file_system": {"write": ["/opt/a", "sub/../b"], "read": ["/srv"]}, "network": {"enabled": true}});
    let again = json!({"file_system": {"write": ["/opt/a/deep"]}});
    let model = MockModel::start([
        Answer::new().call("c1", "request_permissions", asking(&wanted)),
        Answer::new().call("c2", "request_permissions", asking(&again)),
        Answer::from("Seen"),
    ]);
    let home = home(&model, "request_permissions_tool", "on-request");
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request(METHOD).await;
    let params = &request.params;
    let b = home.work().join("b");
    assert_eq!(params["itemId"], "c1");
    assert_eq!(params["environmentId"], "local");
    assert_eq!(params["reason"], "I need it");
    assert_eq!(params["cwd"], home.work().to_str().unwrap());
    assert_eq!(params["permissions"]["network"], json!({"enabled": true}));
    let files = &params["permissions"]["fileSystem"];
    assert_eq!(files["write"], json!(["/opt/a", b.to_str().unwrap()]));
    assert_eq!(files["read"], json!(["/srv"]));
    assert_eq!(
        files["entries"][0],
        json!({"path": {"type": "path", "path": "/srv"}, "access": "read"})
    );
    let granted = json!({"fileSystem": {"write": ["/opt", "/etc"]}});
    app.respond(&request, json!({"permissions": granted, "scope": "session"}))
        .await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    let granted =
        json!({"permissions": {"network": null, "file_system": {"write": ["/opt/a"]}}, "scope": "session"});
    assert_eq!(told(&model, 1, "c1"), granted, "no more than was asked for");
    assert_eq!(
        told(&model, 2, "c2")["permissions"]["file_system"],
        json!({"write": ["/opt/a/deep"]}),
        "not asked again"
    );
    assert_eq!(turn.frames.iter().filter(|frame| frame.is_request()).count(), 1);
    let waited = turn.all("thread/status/changed");
    assert!(
        waited
            .iter()
            .any(|params| params.to_string().contains("waitingOnApproval"))
    );
    assert_eq!(turn.all("serverRequest/resolved").len(), 1);
}

#[tokio::test]
async fn an_error_or_an_answer_that_cannot_be_read_grants_nothing() {
    for answer in [
        Value::Null,
        json!({"permissions": []}),
        json!({"permissions": {}}),
    ] {
        let model = MockModel::start([
            Answer::new().call(
                "c1",
                "request_permissions",
                asking(&json!({"network": {"enabled": true}})),
            ),
            Answer::from("Seen"),
        ]);
        let home = home(&model, "request_permissions_tool", "on-request");
        let app = App::start(&home).await;
        let thread = app.start_thread(json!({})).await;
        let running = app.start_turn(&thread, "Go").await;
        let request = app.server_request(METHOD).await;
        if answer.is_null() {
            app.respond_error(&request, -32000, "closed").await;
        } else {
            app.respond(&request, answer).await;
        }
        assert_eq!(app.end_of(running).await.status(), "completed");
        let granted = json!({"permissions": {"network": null, "file_system": null}, "scope": "turn"});
        assert_eq!(told(&model, 1, "c1"), granted);
    }
}

#[tokio::test]
async fn nobody_is_asked_for_nothing_or_where_nobody_may_be_asked() {
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "request_permissions",
            asking(&json!({"network": {"enabled": false}})),
        ),
        Answer::new().call(
            "c2",
            "request_permissions",
            asking(&json!({"network": {"enabled": true}})),
        ),
        Answer::from("Seen"),
    ]);
    let home = home(&model, "request_permissions_tool", "never");
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert!(turn.frames.iter().all(|frame| !frame.is_request()));
    assert_eq!(
        told(&model, 1, "c1"),
        "request_permissions requires at least one permission"
    );
    assert_eq!(told(&model, 2, "c2")["permissions"]["network"], Value::Null);
}

#[tokio::test]
async fn without_the_feature_there_is_no_such_tool() {
    let model = MockModel::start([
        Answer::new().call(
            "c1",
            "request_permissions",
            asking(&json!({"network": {"enabled": true}})),
        ),
        Answer::from("Seen"),
    ]);
    let home = Home::with(&model, &Config::asking());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Go").await;
    assert_eq!(told(&model, 1, "c1"), "unsupported call: request_permissions");
}

#[tokio::test]
async fn a_command_may_ask_for_more_than_the_sandbox_allows() {
    let arguments = json!({"cmd": "touch more/file", "sandbox_permissions": "with_additional_permissions",
        "justification": "May I?",
        "additional_permissions": {"file_system": {"write": ["more"]}, "network": {"enabled": true}}});
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", arguments.clone()),
        Answer::new().call("c2", "exec_command", arguments),
        Answer::new().call(
            "c3",
            "exec_command",
            json!({"cmd": "ls", "sandbox_permissions": "with_additional_permissions"}),
        ),
        Answer::from("Seen"),
    ]);
    let home = home(&model, "exec_permission_approvals", "on-request");
    let more = home.work().join("more");
    std::fs::create_dir(&more).unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request("item/commandExecution/requestApproval").await;
    let params = &request.params;
    assert_eq!(params["reason"], "May I?");
    assert_eq!(
        params["additionalPermissions"]["network"],
        json!({"enabled": true})
    );
    assert_eq!(
        params["additionalPermissions"]["fileSystem"]["write"],
        json!([more.to_str().unwrap()])
    );
    assert_eq!(
        params["proposedExecpolicyAmendment"],
        json!(["touch", "more/file"])
    );
    assert_eq!(params["availableDecisions"], json!(["accept", "cancel"]));
    app.respond(&request, json!({"decision": "acceptForSession"}))
        .await;
    let turn = app.end_of(running).await;
    assert_eq!(
        turn.frames.iter().filter(|frame| frame.is_request()).count(),
        1,
        "for the session"
    );
    let refused = told(&model, 3, "c3").to_string();
    assert!(refused.contains("requires at least one permission"), "{refused}");
}

#[tokio::test]
async fn a_grant_on_condition_has_everything_reviewed_until_the_turn_ends() {
    let model = MockModel::start("placeholder");
    let config = Config {
        extra: "[features]\nrequest_permissions_tool = true\n".into(),
        sandbox_mode: "workspace-write".into(),
        ..Config::asking()
    };
    let home = Home::with(&model, &config);
    let run = |id: &str, script: &str| Answer::new().call(id, "exec_command", json!({"cmd": script}));
    let patch = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch";
    model.edit(|script| script.answers.clear());
    for answer in [
        Answer::new().call(
            "q1",
            "request_permissions",
            asking(&json!({"network": {"enabled": true}})),
        ),
        run("c1", "touch one"),
        Answer::from(ALLOW),
        run("c2", "touch two"),
        Answer::from(DENY),
        Answer::new().custom_call("p1", "apply_patch", patch),
        Answer::from(ALLOW),
        Answer::from("Done"),
        run("c3", "touch three"),
        Answer::from("Done"),
    ] {
        model.push(answer);
    }
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"model": "gpt-5.5"})).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request(METHOD).await;
    let granted = json!({"network": {"enabled": true}});
    let answer = json!({"permissions": granted, "scope": "turn", "strictAutoReview": true});
    app.respond(&request, answer).await;
    let turn = app.end_of(running).await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Done"));
    assert_eq!(told(&model, 1, "q1")["strict_auto_review"], true);
    let reviewed: Vec<_> = turn
        .all("item/autoApprovalReview/completed")
        .iter()
        .map(|params| (params["targetItemId"].clone(), params["review"]["status"].clone()))
        .collect();
    assert_eq!(
        reviewed,
        [("c1", "approved"), ("c2", "denied"), ("p1", "approved")]
            .map(|(id, status)| (json!(id), json!(status)))
    );
    let exists = ["one", "two", "new.txt"].map(|name| home.work().join(name).exists());
    assert_eq!(exists, [true, false, true]);

    let next = app.run_turn(&thread, "Go on").await;
    assert_eq!(next.status(), "completed");
    assert!(next.all("item/autoApprovalReview/started").is_empty());
    assert!(home.work().join("three").exists());
    app.stop().await;
}

#[tokio::test]
async fn a_grant_on_condition_is_not_for_the_session() {
    let wanted = json!({"network": {"enabled": true}});
    let model = MockModel::start([
        Answer::new().call("q1", "request_permissions", asking(&wanted)),
        Answer::from("Seen"),
    ]);
    let home = home(&model, "request_permissions_tool", "on-request");
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Go").await;
    let request = app.server_request(METHOD).await;
    let answer = json!({"permissions": wanted, "scope": "session", "strictAutoReview": true});
    app.respond(&request, answer).await;
    assert_eq!(app.end_of(running).await.status(), "completed");
    let nothing = json!({"permissions": {"network": null, "file_system": null}, "scope": "turn"});
    assert_eq!(told(&model, 1, "q1"), nothing);
    app.stop().await;
}
