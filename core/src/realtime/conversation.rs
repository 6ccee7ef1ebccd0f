//! One conversation as everybody sees it who works on it: what was told of it, what waits to be sent, and whether it has
//! ended. All that clients hear of it is told here, so that nothing follows its end, which is told once.

mod incoming;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::frames::{self, AgentOutput};
use super::input::{Full, Input, Inputs};
use super::options::Options;
use super::transcript::Transcript;
use crate::history::Entry;
use crate::outbox::Outbox;
use crate::{
    AudioFrame, Event, RealtimeEnd, RealtimeEvent, RealtimeItem, RealtimeItemBody, RealtimeRole, Traffic,
    new_id, now_ms,
};

/// Work for the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handoff {
    /// The server's name for it.
    pub(crate) id: String,
    /// What the agent is told.
    pub(crate) text: String,
}

/// Called for each hand-off.
pub(crate) type OnHandoff = Arc<dyn Fn(Handoff) + Send + Sync>;

/// What the agent is told of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Notice {
    /// When it has started.
    pub(crate) start: String,
    /// When it has ended.
    pub(crate) end: String,
}

/// See the module.
pub(super) struct Conversation {
    pub(super) options: Options,
    notice: Arc<Notice>,
    outbox: Outbox,
    on_handoff: OnHandoff,
    inputs: Inputs,
    /// Cancelled at its end.
    stop: CancellationToken,
    /// A lock, because the thread's actor, its turn and the conversation's task come here. Held for a few instructions,
    /// never over an await.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    transcript: Transcript,
    /// The hand-off that the agent works on.
    handoff: Option<ActiveHandoff>,
    response: Response,
    /// What the client plays: the item, and bytes of its sound so far.
    playing: Option<Playing>,
    /// Sound that a client was too slow for.
    unheard: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    /// Nothing has been told yet.
    #[default]
    Starting,
    /// It has been told to have started.
    Active,
    Ended,
}

#[derive(Debug)]
struct ActiveHandoff {
    id: String,
    /// The turn that works on it; `None`: it is about to.
    turn_id: Option<Arc<str>>,
}

/// Whether the voice model answers: it can't be asked meanwhile.
#[derive(Debug, Default)]
struct Response {
    is_active: bool,
    is_wanted: bool,
}

#[derive(Debug)]
struct Playing {
    item_id: String,
    samples: u64,
    sample_rate: u32,
}

impl Conversation {
    pub(super) fn new(options: Options, outbox: Outbox, on_handoff: OnHandoff) -> Arc<Self> {
        let notice = Notice {
            start: options.start_instructions.clone(),
            end: options.end_instructions.clone(),
        };
        Arc::new(Self {
            options,
            notice: Arc::new(notice),
            outbox,
            on_handoff,
            inputs: Inputs::default(),
            stop: CancellationToken::new(),
            state: Mutex::default(),
        })
    }

    /// Resolves at its end.
    pub(super) async fn ended(&self) {
        self.stop.cancelled().await;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state().phase == Phase::Ended
    }

    /// What the agent is to know of it, once it has started and as long as it runs.
    pub(super) fn notice(&self) -> Option<Arc<Notice>> {
        (self.state().phase == Phase::Active).then(|| Arc::clone(&self.notice))
    }

    /// Tells that it has started, with the server's answer to the client's offer. False: it has ended before.
    pub(super) fn started(&self, sdp: Option<String>) -> bool {
        let mut state = self.state();
        if state.phase != Phase::Starting {
            return false;
        }
        state.phase = Phase::Active;
        let session_id = self.options.session_id.clone();
        self.item_at_once(RealtimeItem {
            id: format!("realtime-session-start:{session_id}"),
            session_id: session_id.clone(),
            observed_at_ms: Some(now_ms()),
            body: RealtimeItemBody::SessionStarted,
        });
        self.emit(RealtimeEvent::Started {
            session_id,
            version: self.options.version,
        });
        if let Some(sdp) = sdp {
            self.emit(RealtimeEvent::Sdp(sdp));
        }
        true
    }

    /// Ends it, and tells so. One that has not started ends without a word, unless somebody asked for its end. Nothing
    /// happens if it has ended before. Gives whether it ends now.
    pub(super) fn end(&self, why: RealtimeEnd, error: Option<String>) -> bool {
        let mut state = self.state();
        let phase = std::mem::replace(&mut state.phase, Phase::Ended);
        if phase == Phase::Ended {
            return false;
        }
        if let Some(error) = error {
            self.emit(RealtimeEvent::Error(error));
        }
        if phase == Phase::Active {
            self.finish_segments(&mut state);
            self.item_at_once(RealtimeItem {
                id: new_id(),
                session_id: self.options.session_id.clone(),
                observed_at_ms: Some(now_ms()),
                body: RealtimeItemBody::SessionClosed {
                    is_failure: why == RealtimeEnd::Error,
                },
            });
        }
        if phase == Phase::Active || why == RealtimeEnd::Requested {
            self.emit(RealtimeEvent::Closed(why));
        }
        tracing::info!(
            session = self.options.session_id,
            reason = why.name(),
            dropped_input = self.inputs.dropped(),
            dropped_output = state.unheard,
            "realtime conversation ended"
        );
        self.stop.cancel();
        true
    }

    /// Sound of the microphone. What finds no room is dropped.
    pub(super) fn hear(&self, frame: AudioFrame) {
        self.inputs.audio(frame.data);
    }

    /// A text of the client.
    pub(super) fn say(&self, role: RealtimeRole, text: String) -> Result<(), Full> {
        self.inputs.text(role, text)
    }

    /// Something of the agent's side.
    pub(super) fn output(&self, output: AgentOutput) -> Result<(), Full> {
        self.inputs.output(output)
    }

    /// The next frames to send. Cancel-safe: what has been taken is given.
    pub(super) async fn next_frames(&self) -> Vec<Value> {
        loop {
            let version = self.options.version;
            let frames = match self.inputs.next().await {
                Input::Audio(data) => vec![frames::audio(version, &data)],
                Input::Text(role, text) => vec![frames::text(version, role, &text)],
                Input::Respond => self.wants_response().into_iter().collect(),
                Input::Output(output) => match frames::agent_output(&self.options, output) {
                    None => Vec::new(),
                    Some(frame) => {
                        let response = frame.wants_response.then(|| self.wants_response()).flatten();
                        std::iter::once(frame.json).chain(response).collect()
                    }
                },
            };
            if !frames.is_empty() {
                return frames;
            }
        }
    }

    /// Asks the voice model to answer, now or after the answer that it is giving.
    fn wants_response(&self) -> Option<Value> {
        let response = &mut self.state().response;
        if response.is_active {
            response.is_wanted = true;
            return None;
        }
        response.is_active = true;
        response.is_wanted = false;
        Some(frames::response_create())
    }

    /// A turn began that no hand-off has begun: what was being said is complete.
    pub(super) fn turn_began(&self) {
        let mut state = self.state();
        if state.phase == Phase::Active {
            self.finish_segments(&mut state);
        }
    }

    /// This turn works on a hand-off from now on.
    pub(super) fn handoff_taken(&self, handoff_id: &str, turn_id: &Arc<str>) {
        if let Some(handoff) = &mut self.state().handoff
            && handoff.id == handoff_id
        {
            handoff.turn_id = Some(Arc::clone(turn_id));
        }
    }

    /// No turn works on a hand-off: it is over, so that the next one counts.
    pub(super) fn handoff_refused(&self, handoff_id: &str) {
        let refused = {
            let is_it = |handoff: &mut ActiveHandoff| handoff.id == handoff_id && handoff.turn_id.is_none();
            self.state().handoff.take_if(is_it)
        };
        if let Some(handoff) = refused {
            self.tell_voice(AgentOutput::Finished {
                handoff_id: handoff.id,
            });
        }
    }

    /// The agent has said something in a turn.
    pub(super) fn agent_message(&self, turn_id: &str, text: &str, is_final: bool) {
        if self.options.client_managed_handoffs || text.is_empty() {
            return;
        }
        self.tell_voice(AgentOutput::Message {
            text: text.to_owned(),
            is_final,
            handoff_id: self.handoff_of(turn_id),
        });
    }

    /// The agent has thought something in a turn.
    pub(super) fn agent_thought(&self, turn_id: &str, text: &str) {
        if self.options.reasoning_status
            && !self.options.client_managed_handoffs
            && !text.trim().is_empty()
            && let Some(handoff_id) = self.handoff_of(turn_id)
        {
            let text = text.to_owned();
            self.tell_voice(AgentOutput::Status { text, handoff_id });
        }
    }

    /// The hand-off that a turn works on.
    fn handoff_of(&self, turn_id: &str) -> Option<String> {
        let state = self.state();
        let handoff = state.handoff.as_ref();
        handoff
            .filter(|handoff| handoff.turn_id.as_deref() == Some(turn_id))
            .map(|handoff| handoff.id.clone())
    }

    /// A turn has ended.
    pub(super) fn turn_ended(&self, turn_id: &str, is_success: bool) {
        let ended = {
            let mut state = self.state();
            let is_its = |handoff: &mut ActiveHandoff| handoff.turn_id.as_deref() == Some(turn_id);
            state.handoff.take_if(is_its)
        };
        if let Some(handoff) = ended
            && is_success
            && !self.options.client_managed_handoffs
        {
            self.tell_voice(AgentOutput::Finished {
                handoff_id: handoff.id,
            });
        }
    }

    /// What finds no room is lost, and told to be: the turn waits for nobody.
    fn tell_voice(&self, output: AgentOutput) {
        if self.inputs.output(output).is_err() && !self.has_ended() {
            self.outbox.emit(Event::Warning(
                "The voice server takes nothing more at the moment: a message of the agent was not passed on to it. It \
                 is in the thread."
                    .into(),
            ));
        }
    }

    /// Whether a client reads too slowly for anything but sound.
    pub(super) fn is_congested(&self) -> bool {
        self.outbox.congested(Traffic::Model)
    }

    /// Resolves when that has passed.
    pub(super) async fn drained(&self) {
        self.outbox.drained(Traffic::Model).await;
    }

    /// Whether a client reads too slowly for more sound.
    pub(super) fn is_behind_with_sound(&self) -> bool {
        self.outbox.congested(Traffic::Sound)
    }

    /// Resolves when that has passed.
    pub(super) async fn sound_taken(&self) {
        self.outbox.drained(Traffic::Sound).await;
    }

    /// Words that were held back for a slow client.
    pub(super) fn tell_held(&self) {
        let mut state = self.state();
        if state.phase == Phase::Active {
            for (speaker, item_id, delta) in state.transcript.news() {
                self.emit(RealtimeEvent::TranscriptDelta {
                    item_id,
                    speaker: Some(speaker),
                    delta,
                });
            }
        }
    }

    fn item_at_once(&self, item: RealtimeItem) {
        self.emit(RealtimeEvent::ItemStarted(item.clone()));
        self.item_completed(item);
    }

    fn item_completed(&self, item: RealtimeItem) {
        self.outbox
            .log()
            .append(vec![Entry::Realtime(Box::new(item.clone()))]);
        self.emit(RealtimeEvent::ItemCompleted(item));
    }

    fn emit(&self, event: RealtimeEvent) {
        self.outbox.emit(Event::Realtime(Box::new(event)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Conversation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Conversation({})", self.options.session_id)
    }
}
