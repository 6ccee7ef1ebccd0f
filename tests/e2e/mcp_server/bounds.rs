//! Servers that say more than anybody wants to hear.

use codex_core::mock_model::{Answer, MockModel};
use serde_json::json;

use super::{call_of, direct, has_logged, home_with, item, output, stands, with_server};
use crate::support::{App, Config, Home, mcp};

fn home_in_mode(model: &MockModel, mode: &str) -> Home {
    let home = Home::empty();
    let config = Config {
        extra: mcp::table_with("tiny", home.path(), "", mode),
        ..Config::default()
    };
    home.configure(model, &config);
    home
}

#[tokio::test]
async fn of_a_list_without_end_the_rest_is_left_out_and_that_is_told_once() {
    let model = MockModel::start("Hello");
    let home = home_in_mode(&model, "many");
    let (app, thread) = with_server(&home).await;
    let is_it = |params: &serde_json::Value| {
        params["message"]
            .as_str()
            .is_some_and(|text| text.contains("`tiny`"))
    };
    let warning = app.wait_where("warning", is_it).await;
    let told =
        "The MCP server `tiny` lists more than 4096 entries; what is beyond that of its tools is left out.";
    assert_eq!(warning["message"], told);
    let few = json!({"threadId": thread, "detail": "toolsAndAuthOnly"});
    let listed = app.call("mcpServerStatus/list", few).await;
    let tools = listed["data"][0]["tools"].as_object().unwrap();
    assert_eq!(
        tools.len(),
        4095,
        "all that are taken but for that with a long schema"
    );
    assert!(!tools.contains_key("long_schema"));
    let words = tools["long_words"]["description"].as_str().unwrap();
    assert_eq!(words.len(), 32 << 10);
    assert_eq!(
        mcp::logged("tiny", home.path(), "got")
            .iter()
            .filter(|line| line.contains("tools/list"))
            .count(),
        5
    );
    app.call("config/mcpServer/reload", serde_json::Value::Null).await;
    stands(&app, &thread, "ready").await;
    let warnings = app.frames();
    let warnings = warnings
        .iter()
        .filter(|frame| frame.method() == "warning" && is_it(frame.params()));
    assert_eq!(warnings.count(), 1);
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_keeps_changing_its_tools_is_asked_for_them_now_and_then() {
    let model = MockModel::start("Hello");
    let home = home_in_mode(&model, "storm");
    let (app, thread) = with_server(&home).await;
    for _ in 0..50 {
        let result = app
            .call("mcpServer/tool/call", direct(&thread, "echo", &json!({})))
            .await;
        assert_eq!(result["content"][0]["text"], "echo {}");
    }
    app.stop().await;
    let got = mcp::logged("tiny", home.path(), "got");
    let lists = got.iter().filter(|line| line.contains("tools/list")).count();
    assert!((2..30).contains(&lists), "{lists}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_fails_its_call_at_once() {
    let model = MockModel::start("Hello");
    let home = home_with(&model, Config::default(), "");
    let (app, thread) = with_server(&home).await;
    for tool in ["long-line", "many-values"] {
        let error = app
            .call_err("mcpServer/tool/call", direct(&thread, tool, &json!({})))
            .await;
        assert_eq!(error.message, "the server's answer is too large", "{tool}");
    }
    let result = app
        .call("mcpServer/tool/call", direct(&thread, "echo", &json!({})))
        .await;
    assert_eq!(result["content"][0]["text"], "echo {}");
    app.stop().await;
}

#[tokio::test]
async fn a_result_of_many_blocks_reaches_the_model_cut() {
    let model = MockModel::start([call_of("c1", "many_blocks", &json!({})), Answer::from("Done")]);
    let home = home_in_mode(&model, "more");
    let (app, thread) = with_server(&home).await;
    let turn = app.run_turn(&thread, "Go").await;
    assert_eq!(item(&turn)["status"], "completed");
    let output = output(&model, "c1");
    let parts = output.as_array().unwrap();
    assert_eq!(parts.len(), 2_050);
    assert_eq!(parts[2_049]["text"], "[omitted 952 more items ...]");
    app.stop().await;
}

#[tokio::test]
async fn a_long_result_loses_its_middle_once_and_says_how_much() {
    for (own, kept) in [("", 12_000), ("output_token_limit = 300", 1_440)] {
        let model = MockModel::start([
            call_of("c1", "long", &json!({})),
            call_of("c2", "long_data", &json!({})),
            Answer::from("Done"),
        ]);
        let home = Home::empty();
        let more = ["long", "long-data"].map(|tool| format!("[mcp_servers.tiny.tools.{tool}]\n{own}\n"));
        let config = Config {
            extra: mcp::table_with("tiny", home.path(), "", "more") + "\n" + &more.concat(),
            ..Config::default()
        };
        home.configure(&model, &config);
        let (app, thread) = with_server(&home).await;
        app.run_turn(&thread, "Go").await;
        let parts = output(&model, "c1");
        let parts = parts.as_array().unwrap();
        assert_eq!(parts.len(), 3, "{parts:?}");
        let heading = parts[0]["text"].as_str().unwrap();
        let text = parts[1]["text"].as_str().unwrap();
        let kept_of_text = kept - heading.len();
        assert_eq!(
            text.matches('a').count(),
            kept_of_text + 1,
            "with that of `truncated`"
        );
        let missing = (60_000 - kept_of_text).div_ceil(4);
        assert!(text.contains(&format!("…{missing} tokens truncated…")), "{own}");
        assert_eq!(parts[2]["text"], "[omitted 2 text items ...]");
        let data = output(&model, "c2");
        let data = data.as_str().unwrap();
        assert!(data.contains("\nOutput:\n{\"n\":\"ddd"), "{data:.200}");
        assert_eq!(data.matches("tokens truncated").count(), 1);
        assert!(data.len() < kept + 40 && data.ends_with("ddd\"}"));
        app.stop().await;
    }
}

#[tokio::test]
async fn what_kind_an_image_is_its_bytes_say() {
    let model = MockModel::start([call_of("c1", "lying_image", &json!({})), Answer::from("Done")]);
    let home = home_in_mode(&model, "more");
    let (app, thread) = with_server(&home).await;
    app.run_turn(&thread, "Go").await;
    let output = output(&model, "c1");
    for number in [1, 2] {
        let url = output[number]["image_url"].as_str().unwrap_or_default();
        assert!(url.starts_with("data:image/gif;base64,R0lGOD"), "{output}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_question_that_leads_to_a_program_is_declined() {
    let model = MockModel::start([call_of("c1", "ask_script", &json!({})), Answer::from("Done")]);
    let home = Home::empty();
    let config = Config {
        extra: mcp::table_with("tiny", home.path(), "", "more"),
        ..Config::asking()
    };
    home.configure(&model, &config);
    let (app, thread) = with_server(&home).await;
    app.run_turn(&thread, "Go").await;
    assert_eq!(
        super::texts(&output(&model, "c1")),
        [r#"{"answer":{"action":"decline"}}"#]
    );
    app.stop().await;
}

#[tokio::test]
async fn a_server_that_closes_its_output_is_ended_before_it_is_started_again() {
    let model = MockModel::start("Hello");
    let home = Home::empty();
    let log = home.path().join("tiny.log");
    let script = format!(
        r#"echo "start $$" >> {log}; trap 'sleep 0.3; echo "end $$" >> {log}; exit 0' TERM
n=0
while read -r line; do
  case "$line" in *'"id"'*) ;; *) continue;; esac
  case $n in
    0) echo '{{"id":0,"result":{{"protocolVersion":"2025-06-18","capabilities":{{}}}}}}';;
    1) echo '{{"id":1,"result":{{"tools":[]}}}}';;
    *) exec 1>&-;;
  esac
  n=$((n+1))
done"#,
        log = log.display()
    );
    let config = Config {
        extra: format!("[mcp_servers.tiny]\ncommand = \"/bin/sh\"\nargs = [\"-c\", {script:?}]\n"),
        ..Config::default()
    };
    home.configure(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    stands(&app, &thread, "ready").await;
    let error = app
        .call_err("mcpServer/tool/call", direct(&thread, "echo", &json!({})))
        .await;
    assert!(
        error.message.contains("closed its standard output"),
        "{}",
        error.message
    );
    stands(&app, &thread, "ready").await;
    has_logged("tiny", &home, "end").await;
    let log = std::fs::read_to_string(log).unwrap();
    let words: Vec<_> = log.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(words, ["start", "end", "start"], "{log}");
    app.stop().await;
}

#[tokio::test]
async fn no_two_tools_reach_the_model_under_one_name() {
    let model = MockModel::start("Hello");
    let home = home_in_mode(&model, "twins");
    let (app, thread) = with_server(&home).await;
    app.run_turn(&thread, "Go").await;
    let request = model.requests().last().unwrap().body.clone();
    let tools = request["tools"].as_array().unwrap();
    let namespace = tools.iter().find(|tool| tool["name"] == "mcp__tiny").unwrap();
    let names: Vec<_> = namespace["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        names.contains(&"x_y_8d9ad63d6bb6") && names[0] != names[1],
        "{names:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn of_what_a_server_says_of_itself_the_list_of_tools_has_the_beginning() {
    let model = MockModel::start("ok");
    let home = Home::empty();
    let table = mcp::table_with("tiny", home.path(), "", "wordy");
    let config = Config {
        model: "gpt-5.5".to_owned(),
        extra: format!("mcp_optional_startup_grace_ms = 60000\n{table}"),
        ..Config::default()
    };
    home.configure(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Go").await;
    let request = model.requests()[0].body["input"].to_string();
    let line = format!("- mcp__tiny: {}...\\n", "w".repeat(247));
    assert!(request.contains(&line), "{request}");
    app.stop().await;
}
