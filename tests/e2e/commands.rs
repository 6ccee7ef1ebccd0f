//! Commands of the model: items, output, limits (docs/contract/items-and-approvals.md#commands, docs/contract/tools.md#commands-of-the-model).

mod sessions;
mod terminals;

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Home, Launch, TurnRun};

/// Runs a turn in which the model makes one call of `exec_command` with these arguments.
async fn run(arguments: Value) -> (Home, TurnRun, String) {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", arguments),
        Answer::from("Seen"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Run it").await;
    assert_eq!((turn.status(), turn.text().as_str()), ("completed", "Seen"));
    let output = model.requests()[1].tool_output("c1").unwrap().to_owned();
    app.stop().await;
    (home, turn, output)
}

/// The text behind `Output:` of a tool's answer.
fn body(output: &str) -> &str {
    output.split_once("Output:\n").unwrap().1
}

#[tokio::test]
async fn a_command_is_an_item_and_its_output_reaches_the_model() {
    let (home, turn, output) = run(json!({"cmd": "echo hello; pwd"})).await;
    let folder = home.work().display().to_string();
    let item = turn.items_of("commandExecution")[0];
    assert_eq!(item["id"], "c1");
    assert_eq!(
        (&item["status"], &item["exitCode"]),
        (&json!("completed"), &json!(0))
    );
    assert_eq!(item["aggregatedOutput"], format!("hello\n{folder}\n"));
    assert_eq!(item["cwd"], folder);
    assert!(
        item["command"]
            .as_str()
            .unwrap()
            .ends_with("-lc 'echo hello; pwd'"),
        "{item}"
    );
    assert!(item["durationMs"].is_u64());
    let started = turn
        .all("item/started")
        .into_iter()
        .find(|params| params["item"]["id"] == "c1")
        .unwrap();
    assert_eq!(started["item"]["status"], "inProgress");
    assert!(started["item"]["aggregatedOutput"].is_null());

    let head = output.split_once("Output:").unwrap().0;
    let facts: Vec<_> = head
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        facts,
        [
            "Chunk ID",
            "Wall time",
            "Process exited with code 0",
            "Original token count"
        ]
    );
    let line = |start: &str| head.lines().find(|line| line.starts_with(start)).unwrap();
    assert!(line("Wall time: ").ends_with(" seconds"), "{output}");
    assert_eq!(
        line("Original token count: "),
        format!("Original token count: {}", (7 + folder.len()).div_ceil(4))
    );
    assert_eq!(body(&output), format!("hello\n{folder}\n"));
}

#[tokio::test]
async fn every_byte_of_output_is_streamed() {
    let (_home, turn, _) = run(json!({"cmd": "for i in 1 2 3; do echo line $i; sleep 0.2; done"})).await;
    assert_eq!(
        turn.streamed("item/commandExecution/outputDelta"),
        "line 1\nline 2\nline 3\n"
    );
    assert!(turn.all("item/commandExecution/outputDelta").len() >= 3);
    let item = turn.items_of("commandExecution")[0];
    assert_eq!(item["aggregatedOutput"], "line 1\nline 2\nline 3\n");
}

#[tokio::test]
async fn standard_error_is_output_too() {
    let (_home, turn, output) = run(json!({"cmd": "echo out; echo err >&2"})).await;
    assert_eq!(
        turn.items_of("commandExecution")[0]["aggregatedOutput"],
        "out\nerr\n"
    );
    assert_eq!(body(&output), "out\nerr\n");
}

#[tokio::test]
async fn an_exit_code_makes_the_item_failed_and_the_turn_goes_on() {
    let (_home, turn, output) = run(json!({"cmd": "echo no; exit 3"})).await;
    let item = turn.items_of("commandExecution")[0];
    assert_eq!(
        (&item["status"], &item["exitCode"]),
        (&json!("failed"), &json!(3))
    );
    assert!(output.contains("Process exited with code 3"));
}

#[tokio::test]
async fn a_signal_is_an_exit_code_above_128() {
    let (_home, turn, output) = run(json!({"cmd": "kill -9 $$"})).await;
    assert_eq!(turn.items_of("commandExecution")[0]["exitCode"], 137);
    assert!(output.contains("Process exited with code 137"), "{output}");
}

#[tokio::test]
async fn a_command_without_output_has_none() {
    let (_home, turn, output) = run(json!({"cmd": "true"})).await;
    assert!(turn.items_of("commandExecution")[0]["aggregatedOutput"].is_null());
    assert!(turn.all("item/commandExecution/outputDelta").is_empty());
    assert!(output.contains("Original token count: 0"));
}

#[tokio::test]
async fn workdir_and_shell_are_the_models_choice() {
    let (_home, turn, output) =
        run(json!({"cmd": "pwd; echo $0", "workdir": "/", "shell": "/bin/sh", "login": false})).await;
    let text = body(&output);
    assert!(text.starts_with("/\n") && text.contains("sh"), "{output}");
    let item = turn.items_of("commandExecution")[0];
    assert_eq!(item["cwd"], "/");
    assert!(
        item["command"]
            .as_str()
            .unwrap()
            .ends_with("/bin/sh -c 'pwd; echo $0'"),
        "{item}"
    );
}

#[tokio::test]
async fn a_workdir_is_told_without_dots() {
    for (workdir, expected) in [("./", ""), ("x/..", ""), ("../work/./../.codex/", ".codex")] {
        let (home, turn, output) = run(json!({"cmd": "pwd", "workdir": workdir})).await;
        let folder = match expected {
            "" => home.work(),
            name => home.path().join(name),
        };
        let folder = folder.display().to_string();
        assert_eq!(turn.items_of("commandExecution")[0]["cwd"], folder);
        assert_eq!(body(&output), format!("{folder}\n"));
    }
}

#[tokio::test]
async fn the_model_is_told_of_the_shell_that_runs_its_commands() {
    let model = MockModel::start("ok");
    let home = Home::new(&model);
    let app = Launch::new(&home).env("SHELL", "/nowhere/zsh").start().await;
    let thread = app.start_thread(json!({})).await;
    app.run_turn(&thread, "Hi").await;
    let input = model.requests()[0].body["input"].to_string();
    assert!(!input.contains("<shell>zsh"), "{input}");
    assert!(
        input.contains("<shell>bash<") || input.contains("<shell>sh<"),
        "{input}"
    );
    app.stop().await;
}

#[tokio::test]
async fn which_lines_of_a_file_are_read_is_told_with_the_action() {
    let (home, turn, _) = run(json!({"cmd": "cat a.txt | sed -n 1,3p"})).await;
    let path = home.work().join("a.txt");
    assert_eq!(
        turn.items_of("commandExecution")[0]["commandActions"],
        json!([{"type": "read", "command": "cat a.txt | sed -n 1,3p", "name": "a.txt", "path": path}])
    );
}

#[tokio::test]
async fn a_missing_workdir_is_told_to_the_model() {
    let (_home, _turn, output) = run(json!({"cmd": "pwd", "workdir": "/no/such/folder"})).await;
    assert!(output.starts_with("exec_command failed"), "{output}");
    assert!(output.contains("No such file or directory"), "{output}");
}

#[tokio::test]
async fn standard_input_is_at_its_end() {
    let (_home, turn, _) = run(json!({"cmd": "cat; echo over"})).await;
    assert_eq!(turn.items_of("commandExecution")[0]["aggregatedOutput"], "over\n");
}

#[tokio::test]
async fn the_environment_is_made_for_programs_without_a_terminal() {
    let names = "CODEX_CI NO_COLOR TERM PAGER GIT_PAGER LANG CODEX_THREAD_ID";
    let script = format!("for n in {names}; do eval echo $n=\\$$n; done");
    let (_home, turn, output) = run(json!({ "cmd": script })).await;
    let text = body(&output);
    for line in [
        "CODEX_CI=1",
        "NO_COLOR=1",
        "TERM=dumb",
        "PAGER=cat",
        "GIT_PAGER=cat",
        "LANG=C.UTF-8",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let thread = turn.all("turn/started")[0]["threadId"].as_str().unwrap();
    assert!(text.contains(&format!("CODEX_THREAD_ID={thread}")), "{text}");
}

#[tokio::test]
async fn bytes_that_are_no_text_do_not_break_the_stream() {
    let (_home, turn, output) =
        run(json!({"cmd": "printf 'a\\377b\\303'; sleep 0.2; printf '\\251c\\n'"})).await;
    assert_eq!(turn.status(), "completed");
    assert!(body(&output).contains("éc"), "{output}");
    assert!(
        turn.streamed("item/commandExecution/outputDelta").contains("éc"),
        "a character cut in two is put together"
    );
}

#[tokio::test]
async fn long_output_is_cut_in_the_middle_for_the_model() {
    let (_home, turn, output) = run(json!({"cmd": "seq 1 40000"})).await;
    let item = turn.items_of("commandExecution")[0];
    assert!(item["aggregatedOutput"].as_str().unwrap().starts_with("1\n2\n"));
    let text = body(&output);
    assert!(text.len() < 45_000, "{}", text.len());
    let head = "Warning: truncated output (original token count: 57224)\nTotal output lines: 40000\n\n1\n2\n";
    assert!(text.starts_with(head), "{text:.200}");
    assert!(text.contains(" truncated…"), "{text}");
    assert!(text.ends_with("40000\n"));
    assert!(output.contains("Original token count: 57224"));
}

#[tokio::test]
async fn of_output_that_was_not_kept_the_model_is_told_how_much_there_was() {
    let (_home, _turn, output) = run(json!({"cmd": "seq 1 300000"})).await;
    let text = body(&output);
    let head =
        "Warning: truncated output (original token count: 497224)\n... 940319 bytes omitted ...\n\n1\n2\n";
    assert!(text.starts_with(head), "{text:.200}");
    assert!(text.ends_with("300000\n"));
    let (_home, _turn, output) = run(json!({"cmd": "head -c 400 /dev/zero | tr '\\0' '\\377'"})).await;
    assert!(
        output.contains("Original token count: 100\n"),
        "bytes count as they came: {output:.200}"
    );
}

#[tokio::test]
async fn the_model_can_ask_for_less_output() {
    let (_home, _turn, output) = run(json!({"cmd": "seq 1 2000", "max_output_tokens": 100})).await;
    let text = body(&output);
    assert!(text.len() < 700 && text.contains(" truncated…"), "{text}");
}

#[tokio::test]
async fn a_flood_of_output_is_bounded() {
    let (_home, turn, output) =
        run(json!({"cmd": "head -c 5000000 /dev/zero | tr '\\0' 'x'; echo; echo end"})).await;
    let item = turn.items_of("commandExecution")[0];
    let kept = item["aggregatedOutput"].as_str().unwrap();
    assert!(kept.len() < 1_200_000, "{}", kept.len());
    assert!(kept.ends_with("end\n"));
    assert!(body(&output).len() < 45_000);
    assert_eq!(item["exitCode"], 0);
}
