//! Questions of the model to the user (docs/contract/items-and-approvals.md#questions-to-the-user).

use codex_core::mock_model::{Answer, MockModel};
use serde_json::{Value, json};

use crate::support::{App, Config, Home, ServerRequest, TurnRun};

const REQUEST: &str = "item/tool/requestUserInput";

fn questions() -> Value {
    json!([{
        "id": "database", "header": "Database", "question": "Which one?",
        "options": [
            {"label": "SQLite", "description": "One file."},
            {"label": "Postgres", "description": "A server."},
        ],
    }, {
        "id": "password", "header": "Password", "question": "And how?", "isSecret": true,
        "options": [{"label": "None", "description": "Open to all."}],
    }])
}

fn anywhere() -> Config {
    Config {
        extra: "[features]\ndefault_mode_request_user_input = true\n".to_owned(),
        ..Config::default()
    }
}

struct Asked {
    request: ServerRequest,
    turn: TurnRun,
    output: String,
}

/// Runs a turn in which the model asks, and answers with this result, or with an error if null.
async fn ask(config: &Config, turn: Value, result: Value) -> Asked {
    let model = MockModel::start([
        Answer::new().call("q1", "request_user_input", json!({"questions": questions()})),
        Answer::from("Thanks"),
    ]);
    let home = Home::with(&model, config);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn_with(&thread, "Plan it", turn).await;
    let request = app.server_request(REQUEST).await;
    if result.is_null() {
        app.respond_error(&request, -32000, "the window was closed").await;
    } else {
        app.respond(&request, result).await;
    }
    let turn = app.end_of(running).await;
    assert_eq!(turn.status(), "completed");
    let output = model.requests()[1].tool_output("q1").unwrap().to_owned();
    Asked {
        request,
        turn,
        output,
    }
}

#[tokio::test]
async fn in_plan_mode_the_model_gets_the_users_answers() {
    let plan = json!({"collaborationMode": {"mode": "plan", "settings": {"model": "gpt-5.5"}}});
    let answers = json!({"answers": {"database": {"answers": ["SQLite", "in one file"]}}});
    let asked = ask(&Config::default(), plan, answers.clone()).await;
    assert_eq!(serde_json::from_str::<Value>(&asked.output).unwrap(), answers);
    let params = &asked.request.params;
    let mut question = questions();
    question[0]["isOther"] = json!(true);
    question[1]["isOther"] = json!(true);
    question[0]["isSecret"] = json!(false);
    assert_eq!(
        *params,
        json!({
            "threadId": params["threadId"], "turnId": asked.turn.id, "itemId": "q1", "questions": question,
            "isBlocking": true, "autoResolutionMs": null,
        })
    );
    let told: Vec<String> = asked
        .turn
        .frames
        .iter()
        .filter_map(|frame| match frame.method() {
            "thread/status/changed" => Some(frame.params()["status"]["activeFlags"].to_string()),
            REQUEST | "serverRequest/resolved" => Some(frame.method().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "[]",
            "[\"waitingOnUserInput\"]",
            REQUEST,
            "serverRequest/resolved",
            "[]",
            "null"
        ]
    );
}

#[tokio::test]
async fn a_feature_opens_questions_in_every_mode() {
    let answers = json!({"answers": {}});
    let asked = ask(&anywhere(), json!({}), answers.clone()).await;
    assert_eq!(serde_json::from_str::<Value>(&asked.output).unwrap(), answers);
}

#[tokio::test]
async fn without_an_answer_the_model_goes_on() {
    for result in [Value::Null, json!({"answers": "SQLite"})] {
        let asked = ask(&anywhere(), json!({}), result).await;
        assert_eq!(asked.output, "{\"answers\":{}}");
        assert_eq!(asked.turn.text(), "Thanks");
    }
}

#[tokio::test]
async fn nobody_is_asked_without_answers_to_choose_from() {
    let mut questions = questions();
    questions[1]["options"] = json!([]);
    let mut without = questions.clone();
    without[1].as_object_mut().unwrap().remove("options");
    let model = MockModel::start([
        Answer::new()
            .call("q1", "request_user_input", json!({"questions": questions}))
            .call("q2", "request_user_input", json!({"questions": without})),
        Answer::from("Thanks"),
    ]);
    let home = Home::with(&model, &anywhere());
    let (app, thread) = App::with_thread(&home).await;
    let turn = app.run_turn(&thread, "Do it").await;
    assert!(turn.frames.iter().all(|frame| !frame.is_request()));
    let requests = model.requests();
    for call in ["q1", "q2"] {
        let told = requests[1].tool_output(call).unwrap();
        assert!(told.contains("answers to choose from"), "{told}");
    }
}

#[tokio::test]
async fn outside_of_plan_mode_nobody_is_asked() {
    let model = MockModel::start([
        Answer::new().call("q1", "request_user_input", json!({"questions": questions()})),
        Answer::from("Thanks"),
    ]);
    let home = Home::new(&model);
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let turn = app.run_turn(&thread, "Do it").await;
    assert!(turn.frames.iter().all(|frame| !frame.is_request()));
    let requests = model.requests();
    assert_eq!(
        requests[1].tool_output("q1"),
        Some("request_user_input is unavailable in Default mode")
    );
}

#[tokio::test]
async fn an_interrupt_withdraws_the_questions() {
    let model =
        MockModel::start([Answer::new().call("q1", "request_user_input", json!({"questions": questions()}))]);
    let home = Home::with(&model, &anywhere());
    let app = App::start(&home).await;
    let thread = app.start_thread(json!({})).await;
    let running = app.start_turn(&thread, "Do it").await;
    let request = app.server_request(REQUEST).await;
    let turn = app.interrupt(&thread, running).await;
    assert_eq!(turn.status(), "interrupted");
    let resolved = app.wait_for("serverRequest/resolved").await;
    assert_eq!(resolved["requestId"], request.id);
}

#[tokio::test]
async fn a_question_waits_for_the_calls_before_it_and_those_behind_wait_for_its_answer() {
    let ask = |id: &str| (id.to_owned(), json!({"questions": questions()}));
    let [(first, one), (second, two)] = [ask("q1"), ask("q2")];
    let run = |marks: &str| json!({"cmd": format!("touch {marks}")});
    let model = MockModel::start([
        Answer::new()
            .call("c1", "exec_command", run("c1"))
            .call(&first, "request_user_input", one)
            .call(&second, "request_user_input", two)
            .call("c2", "exec_command", run("c2")),
        Answer::from("Thanks"),
    ]);
    let home = Home::with(&model, &anywhere());
    let (app, thread) = App::with_thread(&home).await;
    let running = app.start_turn(&thread, "Do it").await;
    for _ in 0..2 {
        let request = app.server_request(REQUEST).await;
        app.respond(&request, json!({"answers": {}})).await;
    }
    let turn = app.end_of(running).await;
    let order: Vec<String> = turn
        .frames
        .iter()
        .filter_map(|frame| match frame.method() {
            method @ (REQUEST | "serverRequest/resolved") => Some(method.to_owned()),
            method @ ("item/started" | "item/completed")
                if frame.params()["item"]["type"] == "commandExecution" =>
            {
                Some(format!("{method} {}", frame.params()["item"]["id"].as_str()?))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        order,
        [
            "item/started c1",
            "item/completed c1",
            REQUEST,
            "serverRequest/resolved",
            REQUEST,
            "serverRequest/resolved",
            "item/started c2",
            "item/completed c2",
        ]
    );
}

#[tokio::test]
async fn the_tool_can_be_switched_off() {
    let model = MockModel::start([
        Answer::new().call("q1", "request_user_input", json!({"questions": questions()})),
        Answer::from("Thanks"),
    ]);
    let config = Config {
        extra: "[tools.experimental_request_user_input]\nenabled = false\n".to_owned(),
        ..Config::default()
    };
    let home = Home::with(&model, &config);
    let (app, thread) = App::with_thread(&home).await;
    let plan = json!({"collaborationMode": {"mode": "plan", "settings": {"model": "gpt-5.5"}}});
    app.run_turn_with(&thread, "Plan it", plan).await;
    let requests = model.requests();
    let tools = requests[0].body["tools"].as_array().unwrap();
    assert!(tools.iter().all(|tool| tool["name"] != "request_user_input"));
    assert_eq!(
        requests[1].tool_output("q1"),
        Some("unsupported call: request_user_input")
    );
}
