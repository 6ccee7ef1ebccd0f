//! Commands in a terminal, and what an interrupt does to whole trees of processes
//! (docs/contract/tools.md#commands-of-the-model).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use super::body;
use crate::support::{App, Ear, Home, wait_until_dead};

fn session(output: &str) -> u32 {
    let id = output.split("session ID ").nth(1).unwrap();
    let id: String = id.chars().take_while(char::is_ascii_digit).collect();
    id.parse().unwrap()
}

/// Runs a command in a terminal and types these texts, one a turn. Gives what the model saw of each.
async fn converse(script: &str, typed: &[&str]) -> (Vec<String>, Vec<Value>) {
    let call = json!({"cmd": script, "login": false, "tty": true, "yield_time_ms": 600});
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", call),
        Answer::from("Started"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Run").await;
    let mut outputs = vec![model.requests()[1].tool_output("c1").unwrap().to_owned()];
    let id = session(&outputs[0]);
    for (index, text) in typed.iter().enumerate() {
        let call_id = format!("w{index}");
        let call = json!({"session_id": id, "chars": text, "yield_time_ms": 1500});
        model.push(Answer::new().call(&call_id, "write_stdin", call));
        model.push(Answer::from("Typed"));
        app.run_turn(&thread, "Type").await;
        let request = model.requests().last().unwrap().clone();
        outputs.push(request.tool_output(&call_id).unwrap().to_owned());
    }
    let frames = app.frames();
    let interactions = frames
        .iter()
        .filter(|frame| frame.is_notification())
        .filter(|frame| frame.method() == "item/commandExecution/terminalInteraction")
        .map(|frame| frame.params().clone())
        .collect();
    app.stop().await;
    (outputs, interactions)
}

#[tokio::test]
async fn a_program_in_a_terminal_can_be_talked_to() {
    let script = "tty; stty size; printf 'name? '; read name; echo hello $name; cat; echo over";
    let (outputs, interactions) = converse(script, &["Ada\n", "x\n", "\u{4}"]).await;
    let first = body(&outputs[0]);
    assert!(
        first.starts_with("/dev/pts/") && first.ends_with("24 80\r\nname? "),
        "{first:?}"
    );
    assert_eq!(body(&outputs[1]), "Ada\r\nhello Ada\r\n");
    assert_eq!(body(&outputs[2]), "x\r\nx\r\n");
    assert!(
        outputs[3].contains("Process exited with code 0"),
        "{}",
        outputs[3]
    );
    assert!(body(&outputs[3]).ends_with("over\r\n"), "{}", outputs[3]);
    let typed: Vec<_> = interactions
        .iter()
        .map(|one| one["stdin"].as_str().unwrap())
        .collect();
    assert_eq!(typed, ["Ada\n", "x\n", "\u{4}"]);
    assert!(interactions.iter().all(|one| one["itemId"] == "c1"));
}

#[tokio::test]
async fn control_characters_reach_the_program_in_the_foreground() {
    let script = "trap 'echo trapped' INT; echo ready; sleep 300; echo after; exec sleep 300";
    let (outputs, _) = converse(script, &["\u{3}", "\u{1c}"]).await;
    assert!(
        body(&outputs[1]).contains("trapped") && body(&outputs[1]).contains("after"),
        "{outputs:#?}"
    );
    assert!(
        outputs[2].contains("Process exited with code 1\n"),
        "{outputs:#?}"
    );
}

#[tokio::test]
async fn a_terminal_is_the_controlling_terminal_and_has_job_control() {
    let script =
        "exec 3<>/dev/tty && echo controlling >&3; set -m; sleep 0.1 & wait; jobs; echo done; read _";
    let (outputs, _) = converse(script, &["\n"]).await;
    let first = body(&outputs[0]);
    assert!(
        first.starts_with("controlling\r\n") && first.contains("done\r\n"),
        "{first:?}"
    );
    assert!(outputs[1].contains("Process exited with code 0"), "{outputs:#?}");
}

#[tokio::test]
async fn an_interrupt_ends_a_tree_of_fifty_processes() {
    // Ten of each: children, children in groups, sessions and double forks of their own, and those that ignore SIGTERM.
    let script = "
        for i in 1 2 3 4 5 6 7 8 9 10; do
            sh -c 'echo $$ >> pids; exec sleep 300' &
            setsid sh -c 'echo $$ >> pids; exec sleep 300' &
            (setsid sh -c 'echo $$ >> pids; exec sleep 300' > /dev/null 2>&1 &)
            sh -c 'trap \"\" TERM; echo $$ >> pids; while :; do sleep 1; done' &
            (setsid sh -c 'trap \"\" TERM INT HUP; echo $$ >> pids; while :; do sleep 1; done' &)
        done
        wait";
    let call = json!({"cmd": script, "login": false, "yield_time_ms": 30_000});
    let model = MockModel::start(Answer::new().call("c1", "exec_command", call));
    let home = Home::new(&model);
    let mut pids = Ear::new(home.work().join("pids"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Run").await;
    let pids = pids.pids(50).await;
    assert_eq!(app.interrupt(&thread, running).await.status(), "interrupted");
    for pid in pids {
        wait_until_dead(pid).await;
    }
    app.stop().await;
}

/// A thread in full access with `cat` in a terminal, and the number that the model knows it by.
async fn open_terminal(app: &App, model: &MockModel) -> (String, u32) {
    let call = json!({"cmd": "cat", "login": false, "tty": true, "yield_time_ms": 300});
    model.push(Answer::new().call("c1", "exec_command", call));
    model.push(Answer::from("Started"));
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Run").await;
    let output = model
        .requests()
        .last()
        .unwrap()
        .tool_output("c1")
        .unwrap()
        .to_owned();
    (thread, session(&output))
}

#[tokio::test]
async fn typing_at_a_command_with_more_rights_than_now_is_asked_for_each_time() {
    let model = MockModel::start(Vec::<Answer>::new());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let (thread, id) = open_terminal(&app, &model).await;
    for (call, text) in [("w1", "yes\n"), ("w2", "no\n")] {
        model.push(Answer::new().call(call, "write_stdin", json!({"session_id": id, "chars": text})));
    }
    model.push(Answer::from("Typed"));
    let limits = json!({"approvalPolicy": "on-request", "sandboxPolicy": {"type": "readOnly"}});
    let running = app.start_turn_with(&thread, "Type", limits).await;
    let request = app.server_request("item/commandExecution/requestApproval").await;
    let params = &request.params;
    assert_eq!(
        (&params["kind"], &params["itemId"], &params["approvalId"]),
        (&json!("writeStdin"), &json!("c1"), &json!("w1"))
    );
    let line = format!("write_stdin --session-id {id} 'yes\n'");
    assert_eq!(params["command"], line);
    assert_eq!(
        (
            &params["commandActions"],
            &params["availableDecisions"],
            &params["cwd"]
        ),
        (
            &json!([{"type": "unknown", "command": line}]),
            &json!(["accept", "cancel"]),
            &json!(home.work())
        )
    );
    app.respond(&request, json!({"decision": "acceptForSession"}))
        .await;
    let request = app.server_request("item/commandExecution/requestApproval").await;
    assert_eq!(request.params["approvalId"], "w2");
    app.respond(&request, json!({"decision": "decline"})).await;
    assert_eq!(app.end_of(running).await.text(), "Typed");
    let last = model.requests().last().unwrap().clone();
    assert!(last.tool_output("w1").unwrap().contains("yes"), "{last:?}");
    assert_eq!(
        last.tool_output("w2").unwrap(),
        "write_stdin rejected: rejected by user"
    );
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_typed_at_a_command_with_more_rights_where_nobody_is_asked() {
    let model = MockModel::start(Vec::<Answer>::new());
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let (thread, id) = open_terminal(&app, &model).await;
    let type_at = |call: &str, text: &str| {
        model.push(Answer::new().call(call, "write_stdin", json!({"session_id": id, "chars": text})));
        model.push(Answer::from("Typed"));
    };
    type_at("w1", "secret\n");
    let limits = json!({"sandboxPolicy": {"type": "readOnly"}});
    let turn = app.run_turn_with(&thread, "Type", limits).await;
    assert!(turn.all("item/commandExecution/terminalInteraction").is_empty());
    type_at("w2", "\u{3}");
    app.run_turn(&thread, "Interrupt").await;
    let last = model.requests().last().unwrap().clone();
    assert_eq!(
        last.tool_output("w1").unwrap(),
        "write_stdin rejected: approval required by policy, but AskForApproval is set to Never"
    );
    let ended = last.tool_output("w2").unwrap();
    assert!(ended.contains("exited") && !ended.contains("secret"), "{ended}");
    app.stop().await;
}

#[tokio::test]
async fn a_program_in_a_terminal_that_dies_of_a_signal_has_exit_code_1() {
    let call = |id: &str, script: &str| {
        let arguments = json!({"cmd": script, "login": false, "tty": true, "yield_time_ms": 10_000});
        Answer::new().call(id, "exec_command", arguments)
    };
    let model = MockModel::start([
        call("c1", "kill -9 $$"),
        call("c2", "exit 7"),
        Answer::from("Done"),
    ]);
    let home = Home::new(&model);
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Run").await;
    let items = turn.items_of("commandExecution");
    let codes: Vec<_> = items.iter().map(|item| item["exitCode"].clone()).collect();
    assert_eq!(codes, [json!(1), json!(7)]);
    let output = model.requests()[1].tool_output("c1").unwrap().to_owned();
    assert!(output.contains("Process exited with code 1\n"), "{output}");
    app.stop().await;
}
