//! Power cuts: threads whose files have lost their end.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use codex_core::history::{AllTurns, Layout, ListQuery, ThreadStore};
use codex_core::mock_model::{Answer, Script};
use codex_core::{Op, Reply, ResumeThread, StartThread, ThreadId, Turn};
use serde_json::{Value, json};

use crate::rollouts::{self, Size};
use crate::session_probe::Probe;

/// Of so many bytes at the end every [`STEP`]th is cut at; CODEX_TEST_CUTS sets another step.
const END: usize = 4096;
const STEP: usize = 16;
/// Where lines end, or nearly, is cut farther back too: that is all of the last turn, and some of the one before.
const REACH: usize = 10_000;
/// A whole turn is run after one cut in so many, and a store without memory reads it.
const TURN: usize = 10;

/// A model that thinks, calls a tool, says something on the way, calls another one, and answers. `before`: other
/// answers before.
fn busy_script(before: impl IntoIterator<Item = Answer>) -> Script {
    let call = |id: &str, cmd: &str| Answer::new().call(id, "exec_command", json!({ "cmd": cmd }));
    let mut answers: Vec<Answer> = before.into_iter().collect();
    for _ in 0..2 {
        answers.push(call("c1", "echo one").reason("what to do"));
        answers.push(call("c2", "exit 3").say("on the way"));
        answers.push(Answer::new().say("done"));
    }
    Script::from(answers).otherwise(Answer::new().say("after the cut"))
}

/// A thread at rest, whole.
struct Torn {
    probe: Probe,
    id: ThreadId,
    path: PathBuf,
    whole: Vec<u8>,
    /// How the thread reads when the file ends with this line: by the offset behind the line.
    readings: BTreeMap<usize, Vec<Turn>>,
}

impl Torn {
    /// Cuts a thread that has just been loaded loose from the engine, after two turns with tools.
    async fn new(mut probe: Probe, id: ThreadId) -> Self {
        probe.thread = probe.engine.thread(id).expect("a loaded thread");
        for n in 0..2 {
            let lines = probe.run(&format!("question {n}")).await;
            assert!(
                lines
                    .last()
                    .is_some_and(|line| line.starts_with("turn Completed"))
            );
        }
        let path = probe.snapshot().await.info.path.expect("a file");
        probe.engine.unload(id).await;
        let whole = fs::read(&path).unwrap();
        assert!(whole.len() > REACH + END, "{} bytes", whole.len());
        let mut readings = BTreeMap::new();
        let mut offset = 0;
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            offset += line.len();
            if offset + REACH + END > whole.len() {
                fs::write(&path, &whole[..offset]).unwrap();
                readings.insert(offset, all(probe.engine.store().turns(path.clone()).await));
            }
        }
        let counts = readings
            .values()
            .map(|turns: &Vec<Turn>| turns.iter().map(|t| t.items.len()).sum());
        let counts: Vec<usize> = counts.collect();
        assert!(counts.is_sorted() && counts[0] + 4 < *counts.last().unwrap());
        Self {
            probe,
            id,
            path,
            whole,
            readings,
        }
    }

    /// How the thread reads after a cut: without the torn line, if that lacks more than its end.
    fn reading(&self, end: usize) -> &Vec<Turn> {
        let before = self.readings.range(..=end + 1).next_back();
        before.expect("a line").1
    }

    /// Where the file is cut.
    fn cuts(&self, step: usize) -> Vec<usize> {
        let chosen = std::env::var("CODEX_TEST_CUTS").ok();
        let step = chosen.and_then(|step| step.parse().ok()).unwrap_or(step);
        let near_an_end = |end: usize| (end - 2..=end + 2).any(|near| self.readings.contains_key(&near));
        let size = self.whole.len();
        (size - REACH..=size)
            .filter(|end| end + END >= size && end.is_multiple_of(step) || near_an_end(*end))
            .collect()
    }

    /// Loses what is behind `end`, and finds all the rest; goes on with a whole turn, or less.
    async fn lose(&mut self, end: usize, turn: bool) {
        let file = fs::File::options().write(true).open(&self.path).unwrap();
        file.set_len(end as u64).unwrap();
        let (id, engine) = (self.id, self.probe.engine.clone());
        let listed = engine.store().list(ListQuery::default()).await.unwrap();
        assert_eq!(
            listed.threads.iter().map(|info| info.id).collect::<Vec<_>>(),
            [id],
            "cut at {end}"
        );
        let read = all(engine.read_turns(id).await);
        assert_eq!(&read, self.reading(end), "cut at {end}");
        let (reply, resumed) = Reply::channel();
        let resume = ResumeThread {
            id: Some(id),
            all_turns: true,
            ..ResumeThread::default()
        };
        engine.resume_thread(resume, reply).await;
        let resumed = resumed
            .await
            .unwrap_or_else(|error| panic!("cut at {end}: {error}"));
        assert_eq!(all(Ok(resumed.turns)), read, "cut at {end}");
        self.probe.thread = engine.thread(id).expect("a loaded thread");
        if turn {
            self.turn(end).await;
        } else {
            self.inject().await;
        }
        engine.unload(id).await;
        if turn {
            let other = ThreadStore::new(Layout::new(self.probe.home()), "mock");
            assert_eq!(other.list(ListQuery::default()).await.unwrap().threads.len(), 1);
            let again = all(other.turns(self.path.clone()).await);
            assert_eq!(again[..read.len()], read, "cut at {end}");
            assert_eq!(again.len(), read.len() + 1, "cut at {end}");
        }
        self.written(end);
    }

    /// Something that is written without the model.
    async fn inject(&self) {
        let (reply, injected) = Reply::channel();
        let said =
            json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hm"}]});
        let items = vec![said];
        self.probe.thread.submit(Op::InjectItems {
            items,
            is_urgent: true,
            reply,
        });
        injected.await.unwrap();
    }

    /// A turn. The model is told all that was said, and no call without an output.
    async fn turn(&self, end: usize) {
        let lines = self.probe.run("go on").await;
        assert!(
            lines
                .last()
                .is_some_and(|line| line.starts_with("turn Completed")),
            "{lines:?}"
        );
        let requests = self.probe.model.requests();
        let input = requests.last().unwrap().body["input"].as_array().unwrap();
        let told = Value::from(input.clone()).to_string();
        for (_, line) in whole_lines(&self.whole[..end]) {
            if line["type"] == "response_item" && line["payload"]["role"] == "user" {
                let text = line["payload"]["content"][0]["text"].to_string();
                assert!(told.contains(&text), "cut at {end}: {text} is missing");
            }
        }
        let ids = |kind: &str| -> HashSet<&Value> {
            let items = input.iter().filter(|item| item["type"] == kind);
            items.map(|item| &item["call_id"]).collect()
        };
        assert_eq!(ids("function_call"), ids("function_call_output"), "cut at {end}");
    }

    /// What was there is as it was, and what came is whole.
    fn written(&self, end: usize) {
        let now = fs::read(&self.path).unwrap();
        assert!(now.starts_with(&self.whole[..end]), "cut at {end}");
        let new = &now[end..];
        let new = if self.whole[end - 1] == b'\n' {
            new
        } else {
            new.strip_prefix(b"\n").expect("an end of the torn line")
        };
        let lines = whole_lines(new);
        assert!(!lines.is_empty() && new.ends_with(b"\n"), "cut at {end}");
        assert_eq!(
            lines.len(),
            new.split(|byte| *byte == b'\n').count() - 1,
            "cut at {end}"
        );
        let ordinals = |lines: &[(usize, Value)]| -> Vec<u64> {
            lines
                .iter()
                .filter_map(|(_, line)| line["ordinal"].as_u64())
                .collect()
        };
        let (old, new) = (ordinals(&whole_lines(&self.whole[..end])), ordinals(&lines));
        let all: Vec<u64> = old.into_iter().chain(new).collect();
        assert!(
            all.windows(2).all(|pair| pair[0] < pair[1]),
            "cut at {end}: {all:?}"
        );
    }

    #[expect(clippy::print_stdout, reason = "shown to whoever asks for it")]
    async fn everywhere_by(mut self, step: usize) {
        let cuts = self.cuts(step);
        let count = cuts.len();
        // From the end to the front: what is before a cut is as it was.
        for (n, end) in cuts.into_iter().rev().enumerate() {
            self.lose(end, n.is_multiple_of(TURN)).await;
        }
        println!("{count} cuts in the last {REACH} of {} bytes", self.whole.len());
    }
}

fn all(turns: codex_core::Result<AllTurns>) -> Vec<Turn> {
    turns.unwrap().map(Result::unwrap).collect()
}

/// Lines that are JSON, with their offsets.
fn whole_lines(bytes: &[u8]) -> Vec<(usize, Value)> {
    let mut offset = 0;
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').filter_map(|line| {
        offset += line.len();
        Some((offset - line.len(), serde_json::from_slice(line).ok()?))
    });
    lines.collect()
}

#[tokio::test]
async fn a_thread_goes_on_wherever_its_file_was_cut() {
    let start = StartThread {
        base_instructions: Some("be brief".into()),
        ..StartThread::default()
    };
    let probe = Probe::start_with(busy_script([]), "", start).await;
    let id = probe.thread.id();
    let torn = Torn::new(probe, id).await;
    Box::pin(torn.everywhere_by(STEP)).await;
}

/// Its turns are read one by one, by a map of where they lie.
#[tokio::test]
async fn a_large_thread_goes_on_wherever_its_file_was_cut() {
    let long = "word ".repeat(60_000);
    let probe = Probe::start(busy_script([Answer::new().say_in(&long, 10)])).await;
    probe.run("tell me much").await;
    let id = probe.thread.id();
    let torn = Torn::new(probe, id).await;
    assert!(torn.whole.len() > 300_000);
    Box::pin(torn.everywhere_by(16 * STEP)).await;
}

#[tokio::test]
async fn a_legacy_thread_goes_on_wherever_its_file_was_cut() {
    let probe = Probe::start(busy_script([])).await;
    let size = Size {
        turns: 3,
        answer: 2000,
    };
    let layout = Layout::new(probe.home());
    let (id, path) = rollouts::legacy(&layout, 1, size);
    patched(&path);
    let (reply, resumed) = Reply::channel();
    let resume = ResumeThread {
        id: Some(id),
        ..ResumeThread::default()
    };
    probe.engine.resume_thread(resume, reply).await;
    resumed.await.unwrap();
    let torn = Torn::new(probe, id).await;
    Box::pin(torn.everywhere_by(STEP)).await;
}

/// Adds a turn with a patch and a call, as programs of their time did.
fn patched(path: &Path) {
    let mut text = fs::read_to_string(path).unwrap();
    for (kind, payload) in [
        (
            "event_msg",
            json!({"type": "user_message", "message": "patch it"}),
        ),
        ("event_msg", json!({"type": "agent_reasoning", "text": "how?"})),
        (
            "event_msg",
            json!({"type": "patch_apply_end", "call_id": "p", "success": true,
                "changes": {"/w/a": {"type": "add", "content": "a\n"}}}),
        ),
        (
            "event_msg",
            json!({"type": "agent_message", "message": "patched"}),
        ),
    ] {
        text.push_str(&rollouts::line(None, kind, &payload));
    }
    fs::write(path, text).unwrap();
}
