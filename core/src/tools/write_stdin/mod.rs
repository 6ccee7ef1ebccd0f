//! `write_stdin`: types at a command that runs, or looks at it again (docs/contract/tools.md#commands-of-the-model).

mod approval;

use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::exec_command::{aborted, report};
use super::{CallContext, Tool, ToolCall, ToolEnd, arguments};
use crate::Event;
use crate::exec::CommandSession;

/// Looks at a command that runs, types at its terminal, or interrupts it.
#[derive(Debug)]
pub(crate) struct WriteStdin;

/// Ctrl-C.
const INTERRUPT: &str = "\u{3}";

/// How long a call waits after it wrote something, in milliseconds: at least (also when the model doesn't say), and
/// at most.
const AFTER_WRITING: (u64, u64) = (250, 30_000);

/// How long a call that only looks waits at least, in milliseconds; also when the model doesn't say.
const LOOKING: u64 = 5000;

#[derive(Debug, Deserialize)]
struct Arguments {
    session_id: i64,
    #[serde(default)]
    chars: String,
    yield_time_ms: Option<u64>,
    max_output_tokens: Option<usize>,
}

impl Tool for WriteStdin {
    fn name(&self) -> &'static str {
        "write_stdin"
    }

    fn spec(&self) -> Value {
        let number = |description: &str| json!({"type": "number", "description": description});
        json!({
            "type": "function",
            "name": self.name(),
            "description": "Types at the terminal of a command that exec_command left running, or looks at it again: \
                waits for it and returns what it has printed since the last look.",
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "session_id": number("Session ID that exec_command returned."),
                    "chars": {
                        "type": "string",
                        "description": "What to type, control characters included (\"\\n\" for Enter, \"\\u0003\" for \
                            Ctrl-C, \"\\u0004\" for end of input). Empty to only look (the default). A command without \
                            a terminal takes only \"\\u0003\", which interrupts it.",
                    },
                    "yield_time_ms": number("How long to wait for the command to end, in milliseconds. When only \
                        looking: 5000 (the default) to 300000; else 250 (the default) to 30000."),
                    "max_output_tokens": number("Most tokens of output to return; a longer one loses its middle. \
                        Default: 10000."),
                },
                "required": ["session_id"],
                "additionalProperties": false,
            },
        })
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            match arguments(&call) {
                Ok(arguments) => run(cx, &call.call_id, arguments).await,
                Err(end) => end,
            }
        }
        .boxed()
    }
}

async fn run(cx: CallContext, call_id: &str, arguments: Arguments) -> ToolEnd {
    let Arguments {
        session_id: id,
        chars,
        yield_time_ms,
        max_output_tokens,
    } = arguments;
    let known = u32::try_from(id).ok().and_then(|id| Some((id, cx.exec.get(id)?)));
    let Some((id, session)) = known else {
        return ToolEnd::text(format!("write_stdin failed: Unknown process id {id}"));
    };
    if !(session.has_terminal() || chars.is_empty() || chars == INTERRUPT) {
        return ToolEnd::text(
            "write_stdin failed: stdin is closed for this session. Without a terminal, only \"\" (look again) and \
             \"\\u0003\" (interrupt) are accepted; to give a command input, start it again with tty=true, a file or a pipe",
        );
    }
    if !(chars.is_empty() || chars == INTERRUPT)
        && let Err(end) = approval::check(&cx, call_id, &session, &chars).await
    {
        return end;
    }
    let patience = if chars.is_empty() {
        let most = u64::try_from(cx.exec.max_poll().as_millis()).unwrap_or(u64::MAX);
        yield_time_ms.unwrap_or(LOOKING).clamp(LOOKING, most.max(LOOKING))
    } else {
        let (least, most) = AFTER_WRITING;
        yield_time_ms.unwrap_or(least).clamp(least, most)
    };
    if !chars.is_empty() {
        tell(&cx, &session, id, chars.clone());
    }
    let begin = Instant::now();
    let patience = Duration::from_millis(patience);
    if session.has_terminal() {
        // One that has ended takes nothing any more; the look tells.
        if let Err(error) = session.write(&chars, patience, &cx.cancel).await
            && session.exit_code().is_none()
        {
            return ToolEnd::text(format!(
                "write_stdin failed: the command doesn't take its input: {error}"
            ));
        }
    } else if chars == INTERRUPT {
        session.interrupt();
    }
    let patience = patience.saturating_sub(begin.elapsed());
    let chunk = session.look(patience, &cx.cancel).await;
    if chunk.cancelled {
        // The command itself is in the background, and stays.
        return aborted(chunk.wall_time);
    }
    if chunk.exit_code.is_some() {
        cx.exec.forget(id);
        cx.record.command_ended(&session, &chunk.text);
    } else if chars.is_empty() {
        // What goes on was looked at; an end is told by its item.
        tell(&cx, &session, id, chars);
    }
    report(&cx, &chunk, id, max_output_tokens)
}

/// Tells clients what was typed at a command.
fn tell(cx: &CallContext, session: &CommandSession, id: u32, stdin: String) {
    cx.outbox.emit(Event::TerminalInteraction {
        turn_id: cx.turn_id.clone(),
        item_id: session.item_id().clone(),
        process_id: id.to_string(),
        stdin,
    });
}
