//! What waits to be sent to a voice server: three queues, each in its own order, none before the others. All are
//! bounded: a server that does not read, or is not joined yet, costs no more than this.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::frames::AgentOutput;
use crate::RealtimeRole;

/// Pieces of sound that wait at most; newer ones are dropped and counted.
const MAX_AUDIO: usize = 256;
/// Texts that wait at most; more are refused.
const MAX_TEXTS: usize = 64;
/// Outputs of the agent that wait at most; more are refused.
const MAX_OUTPUTS: usize = 64;
/// Bytes that wait in each queue at most.
const MAX_BYTES: usize = 4 << 20;

/// A queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// One thing to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// Sound, base64.
    Audio(String),
    Text(RealtimeRole, String),
    Output(AgentOutput),
    /// The voice model is to answer what it was given.
    Respond,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    /// A lock, because the thread's actor, its turn and the conversation's task come here. Held for a few instructions.
    queues: Mutex<Queues>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Queues {
    audio: Queue<String>,
    texts: Queue<(RealtimeRole, String)>,
    outputs: Queue<AgentOutput>,
    /// Set by the end of a response that another one waits for.
    respond: bool,
    /// Sound that was dropped.
    dropped: u64,
    /// Whose turn it is.
    next: usize,
}

#[derive(Debug)]
struct Queue<T> {
    entries: VecDeque<(T, usize)>,
    bytes: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl<T> Queue<T> {
    fn push(&mut self, entry: T, bytes: usize, max: usize) -> Result<(), Full> {
        // One that is larger than the queue may wait alone.
        let fits = self.bytes + bytes <= MAX_BYTES || self.entries.is_empty();
        if self.entries.len() >= max || !fits {
            return Err(Full);
        }
        self.entries.push_back((entry, bytes));
        self.bytes += bytes;
        Ok(())
    }

    fn pop(&mut self) -> Option<T> {
        let (entry, bytes) = self.entries.pop_front()?;
        self.bytes -= bytes;
        Some(entry)
    }
}

impl Inputs {
    /// Sound of the microphone. What finds no room is dropped and counted.
    pub(super) fn audio(&self, data: String) {
        let mut queues = self.lock();
        let bytes = data.len();
        if queues.audio.push(data, bytes, MAX_AUDIO).is_err() {
            queues.dropped += 1;
        }
        drop(queues);
        self.filled.notify_one();
    }

    /// A text of the client.
    pub(super) fn text(&self, role: RealtimeRole, text: String) -> Result<(), Full> {
        let bytes = text.len();
        let pushed = self.lock().texts.push((role, text), bytes, MAX_TEXTS);
        self.filled.notify_one();
        pushed
    }

    /// Something of the agent's side.
    pub(super) fn output(&self, output: AgentOutput) -> Result<(), Full> {
        let bytes = match &output {
            AgentOutput::Speech(text)
            | AgentOutput::Message { text, .. }
            | AgentOutput::Status { text, .. } => text.len(),
            _ => 0,
        };
        let pushed = self.lock().outputs.push(output, bytes, MAX_OUTPUTS);
        self.filled.notify_one();
        pushed
    }

    /// The voice model is to answer.
    pub(super) fn respond(&self) {
        self.lock().respond = true;
        self.filled.notify_one();
    }

    /// The next thing to send.
    pub(super) async fn next(&self) -> Input {
        loop {
            if let Some(input) = self.lock().take() {
                return input;
            }
            self.filled.notified().await;
        }
    }

    /// Pieces of sound that were dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queues {
    fn take(&mut self) -> Option<Input> {
        if std::mem::take(&mut self.respond) {
            return Some(Input::Respond);
        }
        for _ in 0..3 {
            let turn = self.next;
            self.next = (turn + 1) % 3;
            let input = match turn {
                0 => self.audio.pop().map(Input::Audio),
                1 => self.texts.pop().map(|(role, text)| Input::Text(role, text)),
                _ => self.outputs.pop().map(Input::Output),
            };
            if input.is_some() {
                return input;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn all(inputs: &Inputs) -> Vec<Input> {
        std::iter::from_fn(|| inputs.next().now_or_never()).collect()
    }

    #[test]
    fn each_queue_keeps_its_order_and_none_goes_first() {
        let inputs = Inputs::default();
        for n in 0..3 {
            inputs.text(RealtimeRole::User, format!("t{n}")).unwrap();
            inputs.audio(format!("a{n}"));
            inputs.output(AgentOutput::Speech(format!("s{n}"))).unwrap();
        }
        let sent = all(&inputs);
        assert_eq!(sent.len(), 9);
        for (n, round) in sent.chunks(3).enumerate() {
            assert!(round.contains(&Input::Text(RealtimeRole::User, format!("t{n}"))));
            assert!(round.contains(&Input::Audio(format!("a{n}"))));
            assert!(round.contains(&Input::Output(AgentOutput::Speech(format!("s{n}")))));
        }
    }

    #[test]
    fn sound_beyond_the_bound_is_dropped_and_counted_and_text_is_refused() {
        let inputs = Inputs::default();
        for n in 0..300 {
            inputs.audio(n.to_string());
        }
        assert_eq!(inputs.dropped(), 300 - MAX_AUDIO as u64);
        for n in 0..MAX_TEXTS {
            inputs.text(RealtimeRole::User, n.to_string()).unwrap();
            inputs.output(AgentOutput::Speech(n.to_string())).unwrap();
        }
        assert_eq!(inputs.text(RealtimeRole::User, "more".into()), Err(Full));
        assert_eq!(inputs.output(AgentOutput::Speech("more".into())), Err(Full));
        let sent = all(&inputs);
        assert_eq!(sent.len(), MAX_AUDIO + MAX_TEXTS + MAX_OUTPUTS);
        let sound = sent.iter().filter_map(|input| match input {
            Input::Audio(data) => Some(data.parse::<usize>().unwrap()),
            _ => None,
        });
        assert!(sound.eq(0..MAX_AUDIO), "the oldest stay, in order");
    }

    #[test]
    fn large_texts_are_bounded_by_their_bytes() {
        let inputs = Inputs::default();
        let large = "x".repeat(MAX_BYTES);
        inputs.text(RealtimeRole::User, format!("{large}x")).unwrap();
        assert_eq!(inputs.text(RealtimeRole::User, large), Err(Full));
    }
}
