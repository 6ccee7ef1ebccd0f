//! Agents that models start.

use codex_core::mock_model::{Answer, Condition, MockModel};
use serde_json::{Value, json};

use super::{home_with, hook, messages, prints, prints_once, says, told};
use crate::support::{App, Config, Frame};

fn of_root() -> Condition {
    Condition::default().and_header("x-openai-subagent", None)
}

fn of_agent() -> Condition {
    Condition::default().and_header("x-openai-subagent", Some("collab_spawn"))
}

fn spawn() -> Answer {
    Answer::new().when(of_root()).event(json!({
        "type": "response.output_item.done",
        "item": {
            "type": "function_call",
            "namespace": "multi_agent_v1",
            "name": "spawn_agent",
            "call_id": "s1",
            "arguments": json!({"message": "Look around"}).to_string(),
        },
    }))
}

#[tokio::test]
async fn agents_have_events_of_their_own_in_place_of_those_of_threads() {
    let model = MockModel::start([
        spawn(),
        Answer::new().when(of_root()).say("Started"),
        Answer::new().when(of_agent()).say("Found it"),
        Answer::new().when(of_agent()).say("Sure"),
    ]);
    let events = [
        "SubagentStart",
        "SubagentStop",
        "SessionStart",
        "Stop",
        "UserPromptSubmit",
        "PreToolUse",
    ];
    let hooks = events.map(|event| hook(event, event, "")).concat()
        + "[[hooks.SubagentStart]]\nmatcher = 'worker'\nhooks = [{type = 'command', command = 'sh $HOME/hook worker'}]\n";
    let home = home_with(&model, Config::default(), &hooks).await;
    let context =
        json!({"hookSpecificOutput": {"hookEventName": "SubagentStart", "additionalContext": "Be brief."}});
    says(&home, "SubagentStart", &prints(&context));
    says(
        &home,
        "SubagentStop",
        &prints_once(&json!({"decision": "block", "reason": "Sure?"})),
    );
    let (app, thread) = App::with_thread(&home).await;
    app.run_turn(&thread, "Go").await;
    let ended =
        |frame: &Frame| frame.method() == "turn/completed" && frame.params()["threadId"] != thread.as_str();
    let (_, frame) = app.wait_frame("the end of the agent's turn", ended).await;
    let agent = frame.params()["threadId"].clone();
    assert_eq!(frame.params()["turn"]["items"][0]["text"], "Sure");

    let start = &told(&home, "SubagentStart")[0];
    assert_eq!(
        (&start["session_id"], &start["agent_id"], &start["agent_type"]),
        (&json!(thread), &agent, &json!("default"))
    );
    assert_eq!(told(&home, "worker").len(), 0);
    let stops = told(&home, "SubagentStop");
    let active: Vec<_> = stops
        .iter()
        .map(|input| input["stop_hook_active"].clone())
        .collect();
    assert_eq!(active, [false, true]);
    let names = |input: &Value, member: &str, id: &Value| {
        input[member].as_str().unwrap().contains(id.as_str().unwrap())
    };
    assert!(
        names(&stops[0], "transcript_path", &json!(thread)),
        "{}",
        stops[0]
    );
    assert!(names(&stops[0], "agent_transcript_path", &agent), "{}", stops[0]);
    let prompts = told(&home, "UserPromptSubmit");
    assert_eq!(
        (&prompts[1]["agent_id"], &prompts[1]["prompt"]),
        (&agent, &json!("Look around"))
    );
    assert!(prompts[0].get("agent_id").is_none());
    assert_eq!(told(&home, "PreToolUse")[0]["tool_name"], "spawn_agent");
    assert_eq!(
        (told(&home, "SessionStart").len(), told(&home, "Stop").len()),
        (1, 1),
        "of the root"
    );

    let of_agent: Vec<_> = model
        .requests()
        .into_iter()
        .filter(|request| request.header("x-openai-subagent").is_some())
        .collect();
    assert!(messages(of_agent[0].input(), "developer").contains(&"Be brief.".to_owned()));
    let last = messages(of_agent[1].input(), "user").pop().unwrap();
    assert!(
        last.starts_with("<hook_prompt ") && last.contains("Sure?"),
        "{last}"
    );
    app.stop().await;
}
