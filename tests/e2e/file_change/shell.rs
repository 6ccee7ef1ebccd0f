//! Patches that come as commands.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::{patch, workspace};
use crate::support::{App, Home, TurnRun};

/// Runs a turn with this command.
async fn run(command: &str) -> (Home, TurnRun, String) {
    let model = MockModel::start([
        Answer::new().call("c1", "exec_command", json!({"cmd": command})),
        Answer::from("Done"),
    ]);
    let home = Home::with(&model, &workspace("never"));
    std::fs::create_dir(home.work().join("sub")).unwrap();
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Change it").await;
    let output = model.requests()[1].tool_output("c1").unwrap().to_owned();
    app.stop().await;
    (home, turn, output)
}

#[tokio::test]
async fn a_here_document_is_applied_as_a_patch() {
    let text = patch("*** Add File: a\n+$HOME\n");
    for (command, name) in [
        (format!("apply_patch <<'EOF'\n{text}EOF\n"), "a"),
        (format!("applypatch <<EOF\n{text}EOF"), "a"),
        (format!("cd sub && apply_patch <<'EOF'\n{text}EOF\n"), "sub/a"),
        (format!("apply_patch - <<'EOF'\n{text}EOF\n"), "a"),
        (format!("apply_patch <<\\EOF\n{text}EOF\n"), "a"),
        (format!("FOO=1 apply_patch <<'EOF'\n{text}EOF\n"), "a"),
        (
            format!("apply_patch <<-'EOF'\n\t{}\tEOF\n", text.replace("\n*", "\n\t*")),
            "a",
        ),
    ] {
        let (home, turn, output) = run(&command).await;
        assert_eq!(
            std::fs::read_to_string(home.work().join(name)).unwrap(),
            "$HOME\n"
        );
        let item = turn.items_of("fileChange")[0];
        assert_eq!(
            (&item["id"], &item["status"]),
            (&json!("c1"), &json!("completed"))
        );
        assert_eq!(
            item["changes"][0]["path"],
            home.work().join(name).display().to_string()
        );
        assert!(turn.items_of("commandExecution").is_empty());
        assert!(output.starts_with("Wall time: "), "{output}");
        assert!(
            output.contains("\nOutput:\n") && output.ends_with("\nA a\n"),
            "{output}"
        );
    }
}

#[tokio::test]
async fn a_patch_without_a_command_is_refused_with_advice() {
    let (home, turn, output) = run(&patch("*** Add File: a\n+x\n")).await;
    assert_eq!(
        output,
        "apply_patch verification failed: patch detected without explicit call to apply_patch. Rerun as \
         [\"apply_patch\", \"<patch>\"]"
    );
    assert!(turn.items_of("fileChange").is_empty() && !home.work().join("a").exists());
}

#[tokio::test]
async fn a_bad_patch_in_a_command_is_told_as_any_other() {
    let (_, turn, output) = run("apply_patch <<'EOF'\nnothing\nEOF").await;
    assert!(
        output.starts_with("apply_patch verification failed: invalid patch"),
        "{output}"
    );
    assert!(turn.items_of("fileChange").is_empty() && turn.items_of("commandExecution").is_empty());
}
