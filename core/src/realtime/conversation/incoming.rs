//! What the server tells of a conversation, and what follows from it.

use serde_json::json;

use super::{ActiveHandoff, Conversation, Handoff, Phase, Playing, State};
use crate::realtime::frames::AgentOutput;
use crate::realtime::input::Full;
use crate::realtime::server_event::ServerEvent;
use crate::realtime::transcript::handoff_item;
use crate::{AudioFrame, RealtimeEvent, RealtimeItem, RealtimeVersion, Speaker, Traffic, instructions};

/// Bytes of one sample.
const SAMPLE_BYTES: u64 = 2;

impl Conversation {
    /// Takes what the server told. The error ends the conversation.
    pub(in crate::realtime) fn take(&self, event: ServerEvent) -> Result<(), String> {
        let mut state = self.state();
        if state.phase != Phase::Active {
            return Ok(());
        }
        match event {
            ServerEvent::SessionReady => {}
            ServerEvent::Audio(frame) => self.audio(&mut state, frame),
            ServerEvent::TranscriptDelta { speaker, delta } => self.words(&mut state, speaker, &delta),
            ServerEvent::TranscriptDone { speaker, text } => self.words_done(&mut state, speaker, text),
            ServerEvent::ItemAdded(item) => self.emit(RealtimeEvent::ItemAdded(item)),
            ServerEvent::SpeechStarted { item_id } => {
                self.emit(RealtimeEvent::ItemAdded(json!({
                    "type": "input_audio_buffer.speech_started",
                    "item_id": item_id,
                })));
                let is_meant =
                    |playing: &mut Playing| item_id.as_ref().is_none_or(|id| *id == playing.item_id);
                if let Some(playing) = state.playing.take_if(is_meant) {
                    let heard_ms =
                        playing.samples.saturating_mul(1000) / u64::from(playing.sample_rate.max(1));
                    let item_id = playing.item_id;
                    if heard_ms > 0 {
                        self.reply(AgentOutput::Truncate { item_id, heard_ms })?;
                    }
                }
            }
            ServerEvent::ResponseStarted => state.response.is_active = true,
            ServerEvent::ResponseEnded => self.response_over(&mut state),
            ServerEvent::ResponseCancelled { response_id } => {
                self.emit(RealtimeEvent::ItemAdded(json!({
                    "type": "response.cancelled",
                    "response_id": response_id,
                })));
                self.response_over(&mut state);
            }
            ServerEvent::Handoff {
                handoff_id,
                item_id,
                input,
            } => self.handoff(&mut state, handoff_id, &item_id, &input)?,
            ServerEvent::Silent { call_id } => self.reply(AgentOutput::Silent { call_id })?,
            ServerEvent::Failed(message) => return Err(message),
        }
        Ok(())
    }

    fn audio(&self, state: &mut State, frame: AudioFrame) {
        if let Some(item_id) = &frame.item_id {
            let bytes = base64_bytes(&frame.data);
            let channels = u64::from(frame.num_channels.max(1));
            let samples = frame
                .samples_per_channel
                .map_or(bytes / SAMPLE_BYTES / channels, u64::from);
            match &mut state.playing {
                Some(playing) if playing.item_id == *item_id => {
                    playing.samples = playing.samples.saturating_add(samples);
                }
                playing => {
                    *playing = Some(Playing {
                        item_id: item_id.clone(),
                        samples,
                        sample_rate: frame.sample_rate,
                    });
                }
            }
        }
        if self.outbox.congested(Traffic::Sound) {
            state.unheard += 1;
        } else {
            self.emit(RealtimeEvent::Audio(frame));
        }
    }

    fn words(&self, state: &mut State, speaker: Speaker, delta: &str) {
        if delta.is_empty() {
            return;
        }
        let hold = self.is_congested();
        let session_id = &self.options.session_id;
        let heard = state.transcript.delta(session_id, speaker, delta, hold);
        if let Some(item) = heard.begun {
            self.emit(RealtimeEvent::ItemStarted(item));
        }
        if let Some((item_id, delta)) = heard.delta {
            self.emit(RealtimeEvent::TranscriptDelta {
                item_id,
                speaker: Some(speaker),
                delta,
            });
        }
    }

    fn words_done(&self, state: &mut State, speaker: Speaker, text: String) {
        let segment = state.transcript.finish(&self.options.session_id, speaker);
        match segment {
            Some((news, item)) => {
                state.transcript.settle(speaker, &text);
                self.finish(Some(speaker), news, item);
            }
            None if text.is_empty() => {}
            None => {
                // Nobody has told it word by word.
                let heard = state
                    .transcript
                    .delta(&self.options.session_id, speaker, &text, true);
                if let Some(item) = heard.begun {
                    self.emit(RealtimeEvent::ItemStarted(item));
                }
                if let Some((news, item)) = state.transcript.finish(&self.options.session_id, speaker) {
                    self.finish(None, news, item);
                }
            }
        }
        self.emit(RealtimeEvent::TranscriptDone { speaker, text });
    }

    pub(super) fn finish_segments(&self, state: &mut State) {
        for speaker in [Speaker::User, Speaker::Assistant] {
            if let Some((news, item)) = state.transcript.finish(&self.options.session_id, speaker) {
                self.finish(Some(speaker), news, item);
            }
        }
    }

    fn finish(&self, speaker: Option<Speaker>, news: Option<(String, String)>, item: RealtimeItem) {
        if let Some((item_id, delta)) = news {
            self.emit(RealtimeEvent::TranscriptDelta {
                item_id,
                speaker,
                delta,
            });
        }
        self.item_completed(item);
    }

    fn response_over(&self, state: &mut State) {
        state.response.is_active = false;
        if std::mem::take(&mut state.response.is_wanted) {
            self.inputs.respond();
        }
    }

    fn handoff(
        &self,
        state: &mut State,
        handoff_id: String,
        item_id: &str,
        input: &str,
    ) -> Result<(), String> {
        let said = state.transcript.take_for_handoff(input);
        self.emit(RealtimeEvent::ItemAdded(handoff_item(
            &handoff_id,
            item_id,
            input,
            &said,
        )));
        let is_second = state.handoff.is_some();
        if self.options.client_managed_handoffs {
            // The client passes on what comes of it.
        } else if is_second && self.options.version == RealtimeVersion::V2 {
            // Its call is answered at once; the answer of the agent is that to the first one.
            self.reply(AgentOutput::Steered {
                handoff_id: handoff_id.clone(),
            })?;
        } else {
            state.handoff = Some(ActiveHandoff {
                id: handoff_id.clone(),
                turn_id: None,
            });
        }
        let said = said.iter().map(|(speaker, text)| (speaker.name(), text.as_str()));
        let text = instructions::realtime_delegation(input, said);
        (self.on_handoff)(Handoff { id: handoff_id, text });
        Ok(())
    }

    /// Answers the server. One that asks without end and does not read is not worth talking to.
    fn reply(&self, output: AgentOutput) -> Result<(), String> {
        self.inputs
            .output(output)
            .map_err(|Full| "the voice server asks for more than it reads".to_owned())
    }
}

/// Bytes that base64 stands for.
fn base64_bytes(text: &str) -> u64 {
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    let digits = text.len() - padding.min(text.len());
    digits as u64 * 3 / 4
}
