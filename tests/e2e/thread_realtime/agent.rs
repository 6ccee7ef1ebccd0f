//! What of the agent's side reaches the voice model (docs/contract/realtime.md#output).

use codex_core::mock_model::{Answer, RealtimeSession, RealtimeStep, Script};
use serde_json::{Value, json};

use super::{say, start, voice};

#[tokio::test]
async fn a_v2_model_is_asked_to_say_what_the_agent_says_in_a_typed_turn() {
    let (model, _home, app, thread) = start(Script::from("one")).await;
    voice(&app, &thread, json!({"version": "v2"})).await;
    app.run_turn(&thread, "typed").await;
    let frames = model.wait_for_realtime_frames(3).await.unwrap();
    let said = &frames[1].body["item"]["content"][0]["text"];
    assert_eq!(*said, "[BACKEND] one");
    assert_eq!(*frames[2].body, json!({"type": "response.create"}));

    let items = json!({"version": "v2", "codexResponsesAsItems": true});
    voice(&app, &thread, items).await;
    app.run_turn(&thread, "typed").await;
    // Speech follows at once: nobody was asked for an answer before.
    let speech = json!({"threadId": thread, "text": "speech"});
    app.call("thread/realtime/appendSpeech", speech).await;
    let frames = model.wait_for_realtime_frames(7).await.unwrap();
    let kinds: Vec<&Value> = frames[3..].iter().map(|frame| &frame.body["type"]).collect();
    assert_eq!(
        kinds,
        [
            "session.update",
            "conversation.item.create",
            "conversation.item.create",
            "response.create"
        ]
    );
    app.stop().await;
}

#[tokio::test]
async fn a_v3_model_is_told_what_the_agent_thinks_of_a_hand_off() {
    let answers = [
        Answer::new().reason("**Look**\n\nfirst").say("done"),
        Answer::new().reason("**Again**").say("typed"),
    ];
    let (model, _home, app, thread) = start(answers.into()).await;
    let more = json!({"version": "v3", "delegationAckFiller": false, "backendReasoningStatus": true});
    voice(&app, &thread, more).await;
    say(
        &model,
        json!({"type": "delegation.created", "item": {"id": "d1", "type": "delegation", "target": "client",
            "content": [{"type": "input_text", "text": "look"}]}}),
    );
    app.wait_for("turn/completed").await;
    app.run_turn(&thread, "typed").await;
    let frames = model.wait_for_realtime_frames(4).await.unwrap();
    assert_eq!(
        frames[0].body["session"]["delegation"],
        json!({"type": "client", "ack_filler": false})
    );
    assert_eq!(
        *frames[1].body,
        json!({
            "type": "delegation.context.append", "delegation_item_id": "d1", "channel": "commentary",
            "content": [{"type": "input_text", "text": "[STATUS] **Look**\n\nfirst"}],
        })
    );
    let texts = frames[2..].iter().map(|frame| &frame.body["content"][0]["text"]);
    assert!(texts.eq(["done", "typed"].iter()), "no thoughts of typed turns");
    app.stop().await;
}

#[tokio::test]
async fn what_means_nothing_is_passed_over_before_a_v3_session_has_started() {
    let steps = [
        json!({"type": "unknown"}),
        json!({"type": "error"}),
        json!({"type": "output_audio.delta"}),
        json!({"type": "session.started", "session": {"id": "s"}}),
    ];
    let session = RealtimeSession {
        steps: std::iter::once(RealtimeStep::Text("no JSON".into()))
            .chain(steps.map(RealtimeStep::Send))
            .collect(),
        bare: true,
        ..RealtimeSession::default()
    };
    let (_model, _home, app, thread) = start(Script::new().session(session)).await;
    voice(&app, &thread, json!({"version": "v3"})).await;
    app.stop().await;
}
