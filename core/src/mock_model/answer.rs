//! Building answers in Rust code.

use serde_json::Value;

use super::condition::Condition;
use super::encoding::Encoding;
use super::script::Answer;
use super::step::{Call, Close, Complete, CustomCall, Fail, Flood, Reason, Say, Step};

impl Answer {
    /// An answer that is complete at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// An answer with this status and no body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Exactly these events and nothing else.
    pub fn events(events: impl IntoIterator<Item = Value>) -> Self {
        Self {
            steps: events.into_iter().map(Step::Event).collect(),
            bare: true,
            ..Self::default()
        }
    }

    /// Sets the body: a string goes out as it is, anything else as JSON.
    #[must_use]
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Adds a response header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Encodes the body. HTTP only.
    #[must_use]
    pub fn encoded(mut self, encoding: Encoding) -> Self {
        self.encoding = Some(encoding);
        self
    }

    /// Waits before the status line or the first frame.
    #[must_use]
    pub fn delayed(mut self, delay_ms: u64) -> Self {
        self.delay_ms = delay_ms;
        self
    }

    /// Limits the requests that may take this answer.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.when = Some(condition);
        self
    }

    /// Says what the request must contain.
    #[must_use]
    pub fn expect(mut self, condition: Condition) -> Self {
        self.expect = Some(condition);
        self
    }

    /// Keeps the answer after use.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Leaves out the automatic `response.created` and `response.completed`.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Adds a message, streamed in one delta.
    #[must_use]
    pub fn say(self, text: &str) -> Self {
        self.step(Step::Say(Say::new(text)))
    }

    /// Adds a message, streamed in so many deltas.
    #[must_use]
    pub fn say_in(self, text: &str, deltas: usize) -> Self {
        self.step(Step::Say(Say {
            deltas,
            ..Say::new(text)
        }))
    }

    /// Adds a message that begins with this text and is never finished.
    #[must_use]
    pub fn half(self, text: &str) -> Self {
        self.step(Step::Say(Say {
            unfinished: true,
            ..Say::new(text)
        }))
    }

    /// Adds a message with a phase (`commentary` or `final_answer`).
    #[must_use]
    pub fn say_as(self, phase: &str, text: &str) -> Self {
        self.step(Step::Say(Say {
            phase: Some(phase.to_owned()),
            ..Say::new(text)
        }))
    }

    /// Adds reasoning with a summary.
    #[must_use]
    pub fn reason(self, summary: &str) -> Self {
        self.step(Step::Reason(Reason::new(summary)))
    }

    /// Adds a function call.
    #[must_use]
    pub fn call(self, id: &str, name: &str, arguments: impl Into<Value>) -> Self {
        self.step(Step::Call(Call {
            id: Some(id.to_owned()),
            name: name.to_owned(),
            arguments: arguments.into(),
        }))
    }

    /// Adds a call of a tool with free-form input.
    #[must_use]
    pub fn custom_call(self, id: &str, name: &str, input: &str) -> Self {
        self.step(Step::CustomCall(CustomCall {
            id: Some(id.to_owned()),
            name: name.to_owned(),
            input: input.to_owned(),
        }))
    }

    /// Adds a raw event.
    #[must_use]
    pub fn event(self, event: Value) -> Self {
        self.step(Step::Event(event))
    }

    /// Adds text that goes out as it is.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.step(Step::Text(text.to_owned()))
    }

    /// Sends a text over and over, with this pause before each, until the client leaves.
    #[must_use]
    pub fn flood(self, text: &str, delay_ms: u64) -> Self {
        self.step(Step::Flood(Flood {
            text: text.to_owned(),
            delay_ms,
        }))
    }

    /// Waits.
    #[must_use]
    pub fn wait(self, ms: u64) -> Self {
        self.step(Step::DelayMs(ms))
    }

    /// Goes silent with the connection open, until the client leaves.
    #[must_use]
    pub fn hang(self) -> Self {
        self.step(Step::Hang)
    }

    /// Cuts the connection.
    #[must_use]
    pub fn cut(self) -> Self {
        self.step(Step::Drop)
    }

    /// Completes the response with these numbers.
    #[must_use]
    pub fn complete(self, complete: Complete) -> Self {
        self.step(Step::Complete(complete))
    }

    /// Fails the response (`response.failed`).
    #[must_use]
    pub fn fail(self, code: &str, message: &str) -> Self {
        self.step(Step::Fail(Fail {
            code: code.to_owned(),
            message: message.to_owned(),
        }))
    }

    /// Ends the stream: a close frame over a WebSocket, the end of the body over HTTP.
    #[must_use]
    pub fn close(self) -> Self {
        self.step(Step::Close(Close::default()))
    }

    /// From here on, writes pieces of so many bytes with a pause after each.
    #[must_use]
    pub fn split(self, bytes: usize) -> Self {
        self.step(Step::Split(bytes))
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        Self::new().say(text)
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self::new().say(&text)
    }
}
