//! Hooks (docs/contract/hooks.md).

mod agents;
mod compaction;
mod hostile;
mod list;
mod prompts;
mod requests;
mod reviews;
mod sessions;
mod tools;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use crate::support::{App, Config, Frame, Home, TurnRun};

/// A hook: notes what it is told, then does what the test has left for it.
const SCRIPT: &str = r#"#!/bin/sh
input=$(cat)
printf '%s\n' "$input" >> "$HOME/told-$1"
if [ -f "$HOME/say-$1" ]; then . "$HOME/say-$1"; fi
exit 0
"#;

/// The table of a hook that runs [`SCRIPT`] under this name.
fn hook(event: &str, name: &str, more: &str) -> String {
    format!(
        "[[hooks.{event}]]\n[[hooks.{event}.hooks]]\ntype = \"command\"\ncommand = \"sh $HOME/hook {name}\"\n{more}\n"
    )
}

/// The table of a hook that runs a command.
fn command(event: &str, command: &str, more: &str) -> String {
    format!(
        "[[hooks.{event}]]\n[[hooks.{event}.hooks]]\ntype = \"command\"\ncommand = '''{command}'''\n{more}\n"
    )
}

/// A home with these hooks, which the user trusts.
async fn home_with(model: &MockModel, config: Config, hooks: &str) -> Home {
    let extra = format!("{}\n{hooks}", config.extra);
    let home = Home::with(model, &Config { extra, ..config });
    fs::write(home.path().join("hook"), SCRIPT).unwrap();
    trust(&home).await;
    home
}

/// Has the user trust the hooks of a home as they are.
async fn trust(home: &Home) {
    let app = App::start(home).await;
    let work = home.work().display().to_string();
    let listed = app.call("hooks/list", json!({"cwds": [work]})).await;
    app.stop().await;
    let file = home.codex().join("config.toml");
    let mut text = fs::read_to_string(&file).unwrap();
    let hooks = listed["data"][0]["hooks"].as_array().unwrap();
    for hook in hooks.iter().filter(|hook| hook["trustStatus"] == "untrusted") {
        let (key, hash) = (&hook["key"], &hook["currentHash"]);
        write!(text, "\n[hooks.state.{key}]\ntrusted_hash = {hash}\n").unwrap();
    }
    home.write_config(&text);
}

/// Has a hook run this when it is asked next, and from then on.
fn says(home: &Home, name: &str, script: &str) {
    fs::write(home.path().join(format!("say-{name}")), script).unwrap();
}

/// A script that prints this.
fn prints(output: &Value) -> String {
    format!("cat <<'END_OF_OUTPUT'\n{output}\nEND_OF_OUTPUT\n")
}

/// A script that prints this the first time that a Stop hook is asked in a turn.
fn prints_once(output: &Value) -> String {
    format!(
        "case \"$input\" in *'\"stop_hook_active\":true'*) exit 0;; esac\n{}",
        prints(output)
    )
}

/// What a hook was told, call by call.
fn told(home: &Home, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(home.path().join(format!("told-{name}"))).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A run: event, status, kinds and texts of its entries.
type Run = (String, String, Vec<(String, String)>);

/// The runs that were completed in a turn.
fn runs(turn: &TurnRun) -> Vec<Run> {
    turn.all("hook/completed").into_iter().map(summary).collect()
}

fn summary(params: &Value) -> Run {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let run = &params["run"];
    let entries = run["entries"].as_array().unwrap().iter();
    let entries = entries.map(|entry| (text(&entry["kind"]), text(&entry["text"])));
    (text(&run["eventName"]), text(&run["status"]), entries.collect())
}

/// One run as [`runs`] tells it.
fn run(event: &str, status: &str, entries: &[(&str, &str)]) -> Run {
    let entries = entries
        .iter()
        .map(|(kind, text)| ((*kind).to_owned(), (*text).to_owned()));
    (event.to_owned(), status.to_owned(), entries.collect())
}

/// Texts of the messages of a request with this role, without our own.
fn messages(input: &[Value], role: &str) -> Vec<String> {
    let of_role = input.iter().filter(|item| item["role"] == role);
    let texts = of_role.flat_map(|item| item["content"].as_array().unwrap());
    let texts = texts.map(|part| part["text"].as_str().unwrap_or_default().to_owned());
    texts
        .filter(|text| !(text.contains("<environment_context>") || text.len() > 400))
        .collect()
}

/// Waits until a file is there.
async fn exists(path: &Path) {
    let waiting = async {
        while !path.exists() {
            tokio::task::yield_now().await;
        }
    };
    let patience = std::time::Duration::from_secs(20);
    tokio::time::timeout(patience, waiting).await.expect("the file");
}

/// Waits until a hook of this event has run.
async fn completed(app: &App, event: &str) -> Value {
    let fits =
        |frame: &Frame| frame.method() == "hook/completed" && frame.params()["run"]["eventName"] == event;
    app.wait_frame("the run of a hook", fits).await.1.params().clone()
}
