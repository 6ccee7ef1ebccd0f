//! Commands that outlast the call, and the turn, that started them (docs/contract/items-and-approvals.md#commands).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use crate::support::{App, Gate, Home, alive, wait_until_dead};

#[tokio::test]
async fn a_command_that_is_still_running_at_yield_goes_on_behind_the_turn() {
    let script = "echo $$ > pid; echo begun; read _ < go; echo ended";
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": script, "yield_time_ms": 400})),
        Answer::from("Runs"),
        Answer::from("Next"),
    ]);
    let home = Home::new(&model);
    let mut go = Gate::new(home.work().join("go"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Run").await;
    assert_eq!(turn.status(), "completed");
    assert!(turn.items_of("commandExecution").is_empty(), "it isn't over");
    let requests = model.requests();
    let output = requests[1].tool_output("c1").unwrap();
    assert!(
        output.contains("Process running with session ID ") && output.contains("begun"),
        "{output}"
    );
    let pid: i32 = std::fs::read_to_string(home.work().join("pid"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!(alive(pid));

    app.run_turn(&thread, "Another turn").await;
    assert!(alive(pid), "the next turn leaves it alone");
    go.open();
    let completed = app
        .wait_where("item/completed", |params| params["item"]["id"] == "c1")
        .await;
    assert_eq!(
        completed["turnId"],
        turn.id.as_str(),
        "it belongs to the turn that started it"
    );
    assert_eq!(completed["item"]["aggregatedOutput"], "begun\nended\n");
    assert_eq!(completed["item"]["exitCode"], 0);
}

#[tokio::test]
async fn an_interrupt_leaves_background_commands_alone_and_the_end_of_input_does_not() {
    let script = "echo $$ > pid; sleep 300";
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": script, "yield_time_ms": 300})),
        Answer::new().half("Thinking").hang(),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Run").await;
    app.wait_for("item/agentMessage/delta").await;
    let pid: i32 = std::fs::read_to_string(home.work().join("pid"))
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert_eq!(app.interrupt(&thread, running).await.status(), "interrupted");
    assert!(alive(pid));
    app.stop().await;
    wait_until_dead(pid).await;
}

#[tokio::test]
async fn what_is_written_to_a_running_command_is_told() {
    let script = "echo begun; read _ < go; echo ended";
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": script, "yield_time_ms": 400})),
        Answer::from("Runs"),
    ]);
    let home = Home::new(&model);
    let _go = Gate::new(home.work().join("go"));
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let first = app.run_turn(&thread, "Run").await;
    let requests = model.requests();
    let output = requests.last().unwrap().tool_output("c1").unwrap();
    let id = output.split("session ID ").nth(1).unwrap();
    let id: String = id.chars().take_while(char::is_ascii_digit).collect();
    let session: i64 = id.parse().unwrap();

    let look = json!({"session_id": session});
    model.push(Answer::new().call("l1", "write_stdin", look));
    model.push("Still runs");
    let looked = app.run_turn(&thread, "Look").await;
    assert_eq!(
        looked.all("item/commandExecution/terminalInteraction"),
        [&json!({"threadId": thread, "turnId": looked.id, "itemId": "c1", "processId": id, "stdin": ""})]
    );

    let interrupt = json!({"session_id": session, "chars": "\u{3}"});
    model.push(Answer::new().call("c2", "write_stdin", interrupt));
    model.push("Interrupted");
    let second = app.run_turn(&thread, "Interrupt it").await;
    assert_eq!((second.status(), &*second.text()), ("completed", "Interrupted"));
    let told = second.all("item/commandExecution/terminalInteraction");
    assert_eq!(
        told,
        [
            &json!({"threadId": thread, "turnId": second.id, "itemId": "c1", "processId": id, "stdin": "\u{3}"})
        ]
    );
    let completed = app
        .wait_where("item/completed", |params| params["item"]["id"] == "c1")
        .await;
    assert_eq!(completed["turnId"], first.id.as_str());
    assert_eq!(completed["item"]["aggregatedOutput"], "begun\n");
}
