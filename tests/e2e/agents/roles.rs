//! Roles of the configuration.

use codex_core::mock_model::MockModel;
use serde_json::{Value, json};

use super::{agent_says, calls, end_of_turn, item, output, requests_of_agents, root_says, spawn};
use crate::support::{App, Config, Home};

fn developer_words(request: &codex_core::mock_model::Request) -> String {
    let messages = request.input_of("message").into_iter();
    let developer = messages.filter(|message| message["role"] == "developer");
    developer.map(Value::to_string).collect()
}

#[tokio::test]
async fn a_collab_role_decides_instructions_model_effort_sandbox_and_name() {
    let model = MockModel::start([agent_says("Done"), agent_says("Done")]);
    let home = Home::empty();
    std::fs::write(
        home.codex().join("file.toml"),
        "description = 'x'\ndeveloper_instructions = 'Words of the file'\nmodel_reasoning_effort = 'high'\n",
    )
    .unwrap();
    let config = Config {
        extra: "[agents.scout]\ndescription = 'Looks ahead'\ninstructions = 'Words of the role'\nmodel = 'gpt-5.5'\n\
                model_reasoning_effort = 'low'\nsandbox_mode = 'read-only'\nnickname_candidates = ['Zed']\n\
                [agents.filed]\nconfig_file = 'file.toml'\n"
            .to_owned(),
        ..Config::default()
    };
    home.configure(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(
        &app,
        &model,
        &thread,
        "s1",
        json!({"message": "Go", "agent_type": "scout"}),
    )
    .await;
    end_of_turn(&app, &agent).await;
    assert_eq!(output(&model, "s1")["nickname"], "Zed");
    let told = item(&app, "s1").await;
    assert_eq!(
        (&told["model"], &told["reasoningEffort"]),
        (&json!("gpt-5.5"), &json!("low"))
    );
    let request = &requests_of_agents(&model)[0];
    assert_eq!(
        (&request.body["model"], &request.body["reasoning"]["effort"]),
        (&json!("gpt-5.5"), &json!("low"))
    );
    let words = developer_words(request);
    assert!(
        words.contains("Words of the role") && words.contains("read-only"),
        "{words}"
    );
    let read = app.call("thread/read", json!({"threadId": agent})).await["thread"].clone();
    assert_eq!(
        (&read["agentRole"], &read["agentNickname"]),
        (&json!("scout"), &json!("Zed"))
    );
    assert_eq!(read["source"]["subAgent"]["thread_spawn"]["agent_role"], "scout");

    let filed = spawn(
        &app,
        &model,
        &thread,
        "s2",
        json!({"message": "Go", "agent_type": "filed"}),
    )
    .await;
    end_of_turn(&app, &filed).await;
    let request = &requests_of_agents(&model)[1];
    assert_eq!(request.body["reasoning"]["effort"], "high");
    assert!(developer_words(request).contains("Words of the file"));

    let tools = model.requests()[0].body["tools"].as_array().unwrap().clone();
    let namespace = tools
        .iter()
        .find(|tool| tool["name"] == "multi_agent_v1")
        .unwrap();
    let tools = namespace["tools"].as_array().unwrap();
    let spawn = tools.iter().find(|tool| tool["name"] == "spawn_agent").unwrap();
    let about = spawn["parameters"]["properties"]["agent_type"]["description"]
        .as_str()
        .unwrap();
    assert!(
        about.contains("`scout`: Looks ahead Its model is `gpt-5.5` with effort `low`."),
        "{about}"
    );
    assert!(about.contains("`explorer`"), "{about}");
    app.stop().await;
}

#[tokio::test]
async fn a_collab_role_does_not_widen_the_sandbox() {
    let model = MockModel::start([agent_says("Done")]);
    let config = Config {
        sandbox_mode: "read-only".to_owned(),
        extra: "[agents.wide]\nsandbox_mode = 'danger-full-access'\n".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let agent = spawn(
        &app,
        &model,
        &thread,
        "s1",
        json!({"message": "Go", "agent_type": "wide"}),
    )
    .await;
    end_of_turn(&app, &agent).await;
    let words = developer_words(&requests_of_agents(&model)[0]);
    assert!(words.contains("`read-only`"), "{words}");
    app.stop().await;
}

#[tokio::test]
async fn a_collab_role_whose_file_can_t_be_used_costs_that_call() {
    let model = MockModel::start([
        calls(
            "s1",
            "spawn_agent",
            &json!({"message": "Go", "agent_type": "lost"}),
        ),
        root_says("Seen"),
    ]);
    let config = Config {
        extra: "[agents.lost]\nconfig_file = 'none.toml'\n".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Start one").await;
    let said = output(&model, "s1");
    let said = said.as_str().unwrap();
    assert!(
        said.starts_with("collab spawn failed: ") && said.contains("none.toml"),
        "{said}"
    );
    assert_eq!(item(&app, "s1").await["status"], "failed");
    app.stop().await;
}

#[tokio::test]
async fn mistakes_in_the_configuration_of_collab_agents_are_told() {
    let model = MockModel::start([root_says("Hi")]);
    for (extra, words) in [
        (
            "[agents]\nmax_threads = 'six'\n",
            "`agents.max_threads` must be a number",
        ),
        (
            "[agents.scout]\nmodel = 7\n",
            "`agents.scout.model` must be a text",
        ),
        ("[agents]\nscout = 7\n", "`agents.scout` must be a table"),
    ] {
        let config = Config {
            extra: extra.to_owned(),
            ..Config::default()
        };
        let home = Home::with(&model, &config);
        let app = App::start(&home).await;
        let error = app.call_err("thread/start", json!({"cwd": home.work()})).await;
        assert!(error.message.contains(words), "{}", error.message);
        app.stop().await;
    }
}
