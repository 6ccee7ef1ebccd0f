//! Turns, run to their end.

use serde_json::{Value, json};

use super::app::App;
use super::frames::Frame;

/// A turn that is over.
#[derive(Debug)]
pub struct TurnRun {
    /// Its id.
    pub id: String,
    /// The `turn` of `turn/completed`.
    pub turn: Value,
    /// All frames from before its start to its end.
    pub frames: Vec<Frame>,
}

/// A turn that runs.
#[derive(Debug)]
pub struct RunningTurn {
    /// Its id.
    pub id: String,
    mark: usize,
}

impl RunningTurn {
    /// A turn that began after this mark of [`App::mark`].
    pub fn new(id: String, mark: usize) -> Self {
        Self { id, mark }
    }
}

impl TurnRun {
    /// `completed`, `failed` or `interrupted`.
    pub fn status(&self) -> &str {
        self.turn["status"].as_str().unwrap_or_default()
    }

    /// Methods of the notifications, in order.
    pub fn methods(&self) -> Vec<&str> {
        self.notifications().map(Frame::method).collect()
    }

    /// Methods of the notifications but those that belong to the thread or the account: statuses, usage, limits,
    /// warnings.
    pub fn turn_methods(&self) -> Vec<&str> {
        let methods = self.methods().into_iter();
        methods
            .filter(|method| !method.starts_with("thread/") && !method.starts_with("account/"))
            .filter(|method| *method != "warning")
            .collect()
    }

    /// Params of the notifications with this method.
    pub fn all(&self, method: &str) -> Vec<&Value> {
        let right = self.notifications().filter(|frame| frame.method() == method);
        right.map(Frame::params).collect()
    }

    /// Completed items.
    pub fn items(&self) -> Vec<&Value> {
        self.all("item/completed")
            .into_iter()
            .map(|params| &params["item"])
            .collect()
    }

    /// Completed items of this type.
    pub fn items_of(&self, kind: &str) -> Vec<&Value> {
        self.items()
            .into_iter()
            .filter(|item| item["type"] == kind)
            .collect()
    }

    /// Texts of the deltas with this method, put together.
    pub fn streamed(&self, method: &str) -> String {
        self.all(method)
            .iter()
            .filter_map(|params| params["delta"].as_str())
            .collect()
    }

    /// Text of the completed messages.
    pub fn text(&self) -> String {
        self.items_of("agentMessage")
            .iter()
            .filter_map(|item| item["text"].as_str())
            .collect()
    }

    fn notifications(&self) -> impl Iterator<Item = &Frame> {
        self.frames.iter().filter(|frame| frame.is_notification())
    }
}

impl App {
    /// Runs a turn with this text to its end.
    pub async fn run_turn(&self, thread: &str, text: &str) -> TurnRun {
        self.run_turn_with(thread, text, json!({})).await
    }

    /// Runs a turn with more parameters to its end.
    pub async fn run_turn_with(&self, thread: &str, text: &str, more: Value) -> TurnRun {
        let running = self.start_turn_with(thread, text, more).await;
        self.end_of(running).await
    }

    /// Starts a turn; its request has been answered.
    pub async fn start_turn(&self, thread: &str, text: &str) -> RunningTurn {
        self.start_turn_with(thread, text, json!({})).await
    }

    /// Starts a turn with more parameters; its request has been answered.
    pub async fn start_turn_with(&self, thread: &str, text: &str, more: Value) -> RunningTurn {
        let mark = self.mark();
        let mut params = json!({"threadId": thread, "input": [{"type": "text", "text": text}]});
        if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
            params.extend(more);
        }
        let result = self.call("turn/start", params).await;
        let id = result["turn"]["id"].as_str().expect("a turn id").to_owned();
        RunningTurn { id, mark }
    }

    /// Waits for the end of a turn.
    pub async fn end_of(&self, running: RunningTurn) -> TurnRun {
        let RunningTurn { id, mark } = running;
        let ended =
            |frame: &Frame| frame.method() == "turn/completed" && frame.params()["turn"]["id"] == id.as_str();
        let (index, frame) = self.wait_frame("end of the turn", ended).await;
        TurnRun {
            turn: frame.params()["turn"].clone(),
            frames: self.frames()[mark..=index].to_vec(),
            id,
        }
    }

    /// Interrupts a turn and waits for its end.
    pub async fn interrupt(&self, thread: &str, running: RunningTurn) -> TurnRun {
        self.call(
            "turn/interrupt",
            json!({"threadId": thread, "turnId": running.id}),
        )
        .await;
        self.end_of(running).await
    }
}
