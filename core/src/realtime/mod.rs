//! Voice conversations (docs/contract/realtime.md): one per thread at most.
//!
//! The thread's actor starts and ends a conversation and hands over what clients say; the turn that runs hands over what
//! the agent says. A conversation has one task, which owns its connection: it creates the call, joins it, sends what waits
//! and takes what comes. Nobody waits for the task: what it is given waits in bounded queues, and what it has for the agent
//! goes to the thread's mailbox.
//!
//! Where to look:
//!
//! * what a conversation is to be: `options`, `voices`, `session_config`, `startup_context`
//! * how it stands, and what clients hear of it: `conversation`, `transcript`
//! * what is sent and what comes: `input` (the queues), `frames`, `server_event`
//! * how it travels: `task`, `call`, `address`; the connections are the model transport's (`crate::model::side_channel`)

mod address;
mod call;
mod conversation;
mod frames;
mod host;
mod input;
mod options;
mod server_event;
mod session_config;
mod startup_context;
mod task;
mod transcript;
mod voices;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::config::RealtimeConfig;
use crate::model::SummaryPart;
use conversation::Conversation;
use frames::AgentOutput;
use options::Options;

pub(crate) use conversation::{Handoff, Notice, OnHandoff};
pub(crate) use host::{Host, Workspace};
pub use voices::{default_realtime_voice, realtime_voices};

use crate::{
    Error, Event, ItemBody, MessagePhase, RealtimeEnd, RealtimeEvent, RealtimeInput, RealtimeTransport,
    Reply, Result, StartRealtime,
};

/// The conversation of one thread.
pub(crate) struct Realtime {
    /// `None`: the thread is one that nobody talks to.
    host: Option<Host>,
    on_handoff: OnceLock<OnHandoff>,
    /// The last one that was started. A lock, because the thread's actor and its turn come here. Held for a few
    /// instructions.
    current: Mutex<Option<Arc<Conversation>>>,
}

impl Realtime {
    /// Of a thread that has none yet.
    pub(crate) fn new(host: Host) -> Arc<Self> {
        Arc::new(Self {
            host: Some(host),
            on_handoff: OnceLock::new(),
            current: Mutex::default(),
        })
    }

    /// Of a thread that never has one.
    pub(crate) fn none() -> Arc<Self> {
        Arc::new(Self {
            host: None,
            on_handoff: OnceLock::new(),
            current: Mutex::default(),
        })
    }

    /// Says where hand-offs go. The first call counts.
    pub(crate) fn hand_off_to(&self, take: OnHandoff) {
        let _ = self.on_handoff.set(take);
    }

    /// Whether a conversation can be started like this, as far as that is answered and not told.
    pub(crate) fn check(start: &StartRealtime) -> Result<()> {
        let is_joined = matches!(start.transport, RealtimeTransport::ExistingCall { .. });
        if is_joined && matches!(start.prompt, Some(Some(_))) {
            return Err(Error::invalid("existingCall transport does not support prompt"));
        }
        Ok(())
    }

    /// Starts a conversation as the configuration says; one that runs ends. Returns at once: all that comes of it is told.
    pub(crate) fn start(&self, start: &StartRealtime, config: &RealtimeConfig, workspace: Workspace) {
        self.end();
        let Some(host) = self.host.clone() else { return };
        let options = match Options::new(start, config) {
            Ok(options) => options,
            Err(why) => {
                host.outbox
                    .emit(Event::Realtime(Box::new(RealtimeEvent::Error(why))));
                return;
            }
        };
        let on_handoff = self.on_handoff.get().cloned();
        let on_handoff = on_handoff.unwrap_or_else(|| Arc::new(|_| {}));
        let conversation = Conversation::new(options, host.outbox.clone(), on_handoff);
        *self.current() = Some(Arc::clone(&conversation));
        tracing::info!(
            session = conversation.options.session_id,
            version = conversation.options.version.name(),
            "realtime conversation starts"
        );
        let transport = start.transport.clone();
        let span = tracing::Span::current();
        let work = task::run(host, conversation, transport, workspace);
        tokio::spawn(tracing::Instrument::instrument(work, span));
    }

    /// Ends the conversation, if there is one, because somebody asked for it. That is told in any case.
    pub(crate) fn stop(&self) {
        if !self.end()
            && let Some(host) = &self.host
        {
            let closed = RealtimeEvent::Closed(RealtimeEnd::Requested);
            host.outbox.emit(Event::Realtime(Box::new(closed)));
        }
    }

    /// Ends the conversation, if there is one: the thread is left. Gives whether there was one.
    pub(crate) fn end(&self) -> bool {
        let current = self.current().take();
        current.is_some_and(|conversation| conversation.end(RealtimeEnd::Requested, None))
    }

    /// Hands over what a client says. Answers at once: without a conversation, that is told and not answered.
    pub(crate) fn append(&self, input: RealtimeInput, reply: Reply<()>) {
        let Some(conversation) = self.running() else {
            reply.send(Ok(()));
            if let Some(host) = &self.host {
                host.outbox.refused("conversation is not running");
            }
            return;
        };
        let taken = match input {
            RealtimeInput::Audio(frame) => {
                conversation.hear(frame);
                Ok(())
            }
            RealtimeInput::Text { role, text } => conversation.say(role, text),
            RealtimeInput::Speech(text) => conversation.output(AgentOutput::Speech(text)),
        };
        reply.send(taken.map_err(|_| {
            Error::invalid(
                "too much input waits for the voice server already; send this again when it has been taken",
            )
        }));
    }

    /// What the agent is to know of the conversation, once it has started and as long as it runs.
    pub(crate) fn notice(&self) -> Option<Arc<Notice>> {
        self.running()?.notice()
    }

    /// A turn began that no hand-off has begun.
    pub(crate) fn turn_began(&self) {
        if let Some(conversation) = self.running() {
            conversation.turn_began();
        }
    }

    /// This turn works on a hand-off from now on.
    pub(crate) fn handoff_taken(&self, handoff_id: &str, turn_id: &Arc<str>) {
        if let Some(conversation) = self.running() {
            conversation.handoff_taken(handoff_id, turn_id);
        }
    }

    /// No turn works on a hand-off.
    pub(crate) fn handoff_refused(&self, handoff_id: &str) {
        if let Some(conversation) = self.running() {
            conversation.handoff_refused(handoff_id);
        }
    }

    /// The agent has said something in a turn.
    pub(crate) fn agent_said(&self, turn_id: &str, body: &ItemBody) {
        if let ItemBody::AgentMessage { text, phase, .. } = body
            && let Some(conversation) = self.running()
        {
            let is_final = *phase != Some(MessagePhase::Commentary);
            conversation.agent_message(turn_id, text, is_final);
        }
    }

    /// The agent has thought something in a turn: the last section of its summary is told.
    pub(crate) fn agent_thought(&self, turn_id: &str, summary: &[SummaryPart]) {
        if let Some(SummaryPart::SummaryText { text }) = summary.last()
            && let Some(conversation) = self.running()
        {
            conversation.agent_thought(turn_id, text);
        }
    }

    /// A turn has ended.
    pub(crate) fn turn_ended(&self, turn_id: &str, is_success: bool) {
        if let Some(conversation) = self.running() {
            conversation.turn_ended(turn_id, is_success);
        }
    }

    fn running(&self) -> Option<Arc<Conversation>> {
        let current = self.current().clone()?;
        (!current.has_ended()).then_some(current)
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Conversation>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Realtime {
    /// Nobody is left who could end it.
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for Realtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Realtime").finish_non_exhaustive()
    }
}
