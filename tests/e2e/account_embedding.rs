//! The example for embedding applications: what the README shows is what works.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use super::account::home;
use crate::support::authority::{Authority, Tokens};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn example() -> PathBuf {
    repository().join("tests/embedding/embed.py")
}

fn run(authority: &Authority, tokens: &[&Tokens]) -> Output {
    let home = home(authority, "");
    let lines: String = tokens
        .iter()
        .map(|tokens| {
            json!({"accessToken": tokens.access, "chatgptAccountId": tokens.account}).to_string() + "\n"
        })
        .collect();
    let token_file = home.path().join("tokens");
    std::fs::write(&token_file, lines).unwrap();
    Command::new("python3")
        .arg(example())
        .arg(env!("CARGO_BIN_EXE_codex-app-server"))
        .arg(token_file)
        .arg("Say hello.")
        .env("HOME", home.path())
        .env("CODEX_HOME", home.codex())
        .current_dir(home.work())
        .output()
        .unwrap()
}

#[test]
fn the_readme_shows_the_example_and_it_is_short() {
    let example = std::fs::read_to_string(example()).unwrap();
    assert!(example.lines().count() <= 50);
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    assert!(
        readme.contains(&format!("```python\n{example}```")),
        "copy tests/embedding/embed.py into the README"
    );
}

#[test]
fn the_example_signs_in_answers_a_refresh_and_runs_a_turn() {
    let authority = Authority::start();
    let (old, fresh) = (authority.issue("ws"), authority.issue("ws"));
    authority.expire(&old.access);
    let output = run(&authority, &[&old, &fresh]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Hello\n");
    let bearers: Vec<_> = authority
        .seen("POST /v1/responses")
        .iter()
        .map(|seen| seen.headers["authorization"].clone())
        .collect();
    assert_eq!(
        bearers,
        [old.access, fresh.access].map(|access| format!("Bearer {access}"))
    );
}

#[test]
fn the_example_tells_why_a_turn_failed() {
    let authority = Authority::start();
    let old = authority.issue("ws");
    authority.expire(&old.access);
    let output = run(&authority, &[&old]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("please sign in"),
        "{output:?}"
    );
}
