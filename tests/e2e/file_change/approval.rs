//! Questions about patches (docs/contract/items-and-approvals.md#file-change-approval).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::{patch, read, workspace, write};
use crate::support::{App, Config, Frame, Home, ServerRequest, TurnRun};

const REQUEST: &str = "item/fileChange/requestApproval";

/// Every patch is asked for.
fn asking() -> Config {
    Config {
        sandbox_mode: "read-only".to_owned(),
        ..workspace("on-request")
    }
}

struct Asked {
    model: MockModel,
    home: Home,
    request: ServerRequest,
    turn: TurnRun,
}

/// Runs a turn whose patch is asked for, and answers with this result, or with an error if null.
async fn ask(result: Value) -> Asked {
    let model = MockModel::start([
        Answer::new().custom_call("p0", "apply_patch", &patch("*** Add File: a\n+x\n")),
        Answer::from("Seen"),
    ]);
    let home = Home::with(&model, &asking());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Change it").await;
    let request = app.server_request(REQUEST).await;
    assert!(
        !home.work().join("a").exists(),
        "nothing is written before the answer"
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

impl Asked {
    fn output(&self) -> String {
        self.model.requests()[1].tool_output("p0").unwrap().to_owned()
    }

    fn status(&self) -> &Value {
        &self.turn.items_of("fileChange")[0]["status"]
    }

    fn is_applied(&self) -> bool {
        self.home.work().join("a").exists()
    }
}

#[tokio::test]
async fn an_accepted_patch_is_applied_and_everything_is_told_in_order() {
    let asked = ask(json!({"decision": "accept"})).await;
    assert!(asked.is_applied());
    let params = &asked.request.params;
    assert!(params["startedAtMs"].is_u64());
    let mut rest = params.clone();
    rest["startedAtMs"] = Value::Null;
    assert_eq!(
        rest,
        json!({
            "threadId": params["threadId"], "turnId": asked.turn.id, "itemId": "p0", "startedAtMs": null,
            "reason": null, "grantRoot": null,
        })
    );
    let flags = |frame: &Frame| frame.params()["status"]["activeFlags"].clone();
    let told: Vec<String> = asked
        .turn
        .frames
        .iter()
        .filter_map(|frame| match frame.method() {
            "thread/status/changed" => Some(format!("status {}", flags(frame))),
            "item/started" | "item/completed" if frame.params()["item"]["type"] == "fileChange" => {
                Some(format!("{} {}", frame.method(), frame.params()["item"]["status"]))
            }
            REQUEST | "serverRequest/resolved" | "turn/diff/updated" | "turn/completed" => {
                Some(frame.method().to_owned())
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "status []",
            "item/started \"inProgress\"",
            "status [\"waitingOnApproval\"]",
            REQUEST,
            "serverRequest/resolved",
            "status []",
            "item/completed \"completed\"",
            "turn/diff/updated",
            "turn/diff/updated",
            "status null",
            "turn/completed",
        ]
    );
}

#[tokio::test]
async fn a_declined_patch_is_not_applied_and_the_turn_goes_on() {
    let asked = ask(json!({"decision": "decline"})).await;
    assert_eq!(
        (asked.turn.status(), asked.turn.text().as_str()),
        ("completed", "Seen")
    );
    assert_eq!(asked.status(), "declined");
    assert_eq!(asked.output(), "patch rejected by user");
    assert!(!asked.is_applied());
    assert!(asked.turn.all("turn/diff/updated").is_empty());
}

#[tokio::test]
async fn an_error_instead_of_an_answer_counts_as_declined() {
    for result in [Value::Null, json!({"decision": "perhaps"}), json!({})] {
        let asked = ask(result).await;
        assert_eq!(asked.turn.status(), "completed");
        assert_eq!(asked.status(), "declined");
        assert!(!asked.is_applied());
    }
}

#[tokio::test]
async fn a_cancelled_patch_interrupts_the_turn_and_stays_open() {
    let asked = ask(json!({"decision": "cancel"})).await;
    assert_eq!(asked.turn.status(), "interrupted");
    assert!(!asked.is_applied());
    assert!(asked.turn.items_of("fileChange").is_empty());
    assert!(asked.turn.all("turn/diff/updated").is_empty());
    assert_eq!(asked.model.requests().len(), 1);
}

#[tokio::test]
async fn the_same_files_are_not_asked_for_again_if_so_allowed() {
    let call = |id: &str, sections: &str| Answer::new().custom_call(id, "apply_patch", &patch(sections));
    let model = MockModel::start([
        call("p0", "*** Update File: a\n-1\n+2\n*** Update File: b\n-1\n+2\n"),
        call("p1", "*** Update File: b\n-2\n+3\n"),
        call("p2", "*** Update File: a\n-2\n+3\n*** Add File: c\n+1\n"),
        Answer::from("Done"),
    ]);
    let home = Home::with(&model, &asking());
    write(&home, "a", "1\n");
    write(&home, "b", "1\n");
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Change it").await;
    let request = app.server_request(REQUEST).await;
    app.respond(&request, json!({"decision": "acceptForSession"}))
        .await;
    let request = app.server_request(REQUEST).await;
    assert_eq!(request.params["itemId"], "p2", "another file is asked for");
    app.respond(&request, json!({"decision": "decline"})).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.frames.iter().filter(|frame| frame.is_request()).count(), 2);
    assert_eq!((read(&home, "a"), read(&home, "b")), ("2\n".into(), "3\n".into()));
}

#[tokio::test]
async fn an_interrupt_withdraws_the_question() {
    let model =
        MockModel::start([Answer::new().custom_call("p0", "apply_patch", &patch("*** Add File: a\n+x\n"))]);
    let home = Home::with(&model, &asking());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Change it").await;
    let request = app.server_request(REQUEST).await;
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    let resolved = app.wait_for("serverRequest/resolved").await;
    assert_eq!(resolved["requestId"], request.id);
    app.respond(&request, json!({"decision": "accept"})).await;
    app.stop().await;
    assert!(!home.work().join("a").exists());
}

#[tokio::test]
async fn protected_and_outside_files_are_asked_for_and_written_when_allowed() {
    let model = MockModel::start([
        Answer::new().custom_call(
            "p0",
            "apply_patch",
            &patch("*** Add File: .codex/x\n+x\n*** Add File: ../outside\n+y\n"),
        ),
        Answer::from("Done"),
    ]);
    let home = Home::with(&model, &workspace("on-request"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Change it").await;
    let request = app.server_request(REQUEST).await;
    app.respond(&request, json!({"decision": "accept"})).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.items_of("fileChange")[0]["status"], "completed");
    assert_eq!(
        (read(&home, ".codex/x"), read(&home, "../outside")),
        ("x\n".into(), "y\n".into())
    );
    let diff = turn.all("turn/diff/updated")[0]["diff"].as_str().unwrap();
    let outside = home.path().join("outside");
    assert!(diff.contains(&format!("+++ b/{}\n", outside.display())), "{diff}");
}

#[tokio::test]
async fn a_file_that_changes_while_the_question_is_open_is_not_written_over() {
    let model = MockModel::start([
        Answer::new().custom_call("p0", "apply_patch", &patch("*** Update File: a\n-1\n+2\n")),
        Answer::from("Done"),
    ]);
    let home = Home::with(&model, &asking());
    write(&home, "a", "1\n");
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Change it").await;
    let request = app.server_request(REQUEST).await;
    write(&home, "a", "the user's\n");
    app.respond(&request, json!({"decision": "accept"})).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.items_of("fileChange")[0]["status"], "failed");
    assert_eq!(read(&home, "a"), "the user's\n");
}

#[tokio::test]
async fn who_resumes_the_thread_is_asked_again_under_the_same_id() {
    let model = MockModel::start([
        Answer::new().custom_call("p0", "apply_patch", &patch("*** Add File: a\n+x\n")),
        Answer::from("Seen"),
    ]);
    let home = Home::with(&model, &asking());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Change it").await;
    let first = app.server_request(REQUEST).await;
    app.call("thread/resume", json!({"threadId": thread})).await;
    let second = app.server_request(REQUEST).await;
    assert_eq!((&first.id, &first.params), (&second.id, &second.params));
    app.respond(&second, json!({"decision": "accept"})).await;
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    assert!(home.work().join("a").exists());
}

#[tokio::test]
async fn under_the_policy_untrusted_every_patch_is_asked_for() {
    let model = MockModel::start([
        Answer::new().custom_call("p0", "apply_patch", &patch("*** Add File: a\n+x\n")),
        Answer::from("Seen"),
    ]);
    let home = Home::with(&model, &workspace("never"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({"approvalPolicy": "untrusted"})).await;
    let running = app.start_turn(&thread, "Change it").await;
    let request = app.server_request(REQUEST).await;
    app.respond(&request, json!({"decision": "decline"})).await;
    app.end_of(running).await;
    let granular = json!({"granular": {
        "sandbox_approval": false, "rules": true, "mcp_elicitations": true,
    }});
    let model = MockModel::start([
        Answer::new().custom_call("p0", "apply_patch", &patch("*** Add File: ../a\n+x\n")),
        Answer::from("Seen"),
    ]);
    home.configure(&model, &workspace("never"));
    let thread = app.start_thread(json!({"approvalPolicy": granular})).await;
    let turn = app.run_turn(&thread, "Change it").await;
    assert!(turn.frames.iter().all(|frame| !frame.is_request()));
    assert_eq!(turn.items_of("fileChange")[0]["status"], "declined");
}

#[tokio::test]
async fn a_command_behind_a_patch_waits_until_it_is_allowed_and_applied() {
    let model = MockModel::start([
        Answer::new()
            .custom_call("p0", "apply_patch", &patch("*** Add File: a\n+x\n"))
            .call("c0", "exec_command", json!({"cmd": "cat a"})),
        Answer::from("Done"),
    ]);
    let home = Home::with(&model, &asking());
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Change it").await;
    let request = app.server_request(REQUEST).await;
    app.respond(&request, json!({"decision": "accept"})).await;
    let turn = app.end_of(running).await;
    let place = |method: &str, id: &str| {
        let is_it =
            |frame: &Frame| frame.method() == method && frame.params()["item"]["id"].as_str() == Some(id);
        turn.frames.iter().position(is_it).unwrap()
    };
    assert!(place("item/completed", "p0") < place("item/started", "c0"));
    let output = model.requests()[1].tool_output("c0").unwrap().to_owned();
    assert!(output.ends_with("x\n"), "{output}");
}
