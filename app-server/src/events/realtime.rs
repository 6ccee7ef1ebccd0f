//! What happens in voice conversations (docs/contract/realtime.md).

use codex_app_server_protocol::{
    ThreadRealtimeClosed, ThreadRealtimeClosedNotification, ThreadRealtimeError,
    ThreadRealtimeErrorNotification, ThreadRealtimeItemAdded, ThreadRealtimeItemAddedNotification,
    ThreadRealtimeItemCompleted, ThreadRealtimeItemCompletedNotification, ThreadRealtimeItemStarted,
    ThreadRealtimeItemStartedNotification, ThreadRealtimeItemTranscriptDelta,
    ThreadRealtimeItemTranscriptDeltaNotification, ThreadRealtimeOutputAudioDelta,
    ThreadRealtimeOutputAudioDeltaNotification, ThreadRealtimeSdp, ThreadRealtimeSdpNotification,
    ThreadRealtimeStarted, ThreadRealtimeStartedNotification, ThreadRealtimeTranscriptDelta,
    ThreadRealtimeTranscriptDeltaNotification, ThreadRealtimeTranscriptDone,
    ThreadRealtimeTranscriptDoneNotification,
};
use codex_core::{RealtimeEvent, ThreadId};

use super::delivery::Delivery;
use crate::convert::realtime::{audio_to_wire, item, version_to_wire};

/// `thread/realtime/…`
pub(super) fn tell(delivery: &impl Delivery, thread: ThreadId, event: RealtimeEvent) {
    let thread_id = thread.to_string();
    match event {
        RealtimeEvent::Started { session_id, version } => {
            let params = ThreadRealtimeStartedNotification {
                thread_id,
                realtime_session_id: Some(session_id),
                version: version_to_wire(version),
            };
            delivery.tell::<ThreadRealtimeStarted>(thread, &params);
        }
        RealtimeEvent::Sdp(sdp) => {
            let params = ThreadRealtimeSdpNotification { thread_id, sdp };
            delivery.tell::<ThreadRealtimeSdp>(thread, &params);
        }
        RealtimeEvent::ItemStarted(started) => {
            let params = ThreadRealtimeItemStartedNotification {
                thread_id,
                item: item(started),
            };
            delivery.tell::<ThreadRealtimeItemStarted>(thread, &params);
        }
        RealtimeEvent::ItemCompleted(completed) => {
            let params = ThreadRealtimeItemCompletedNotification {
                thread_id,
                item: item(completed),
            };
            delivery.tell::<ThreadRealtimeItemCompleted>(thread, &params);
        }
        RealtimeEvent::TranscriptDelta {
            item_id,
            speaker,
            delta,
        } => {
            let params = ThreadRealtimeItemTranscriptDeltaNotification {
                thread_id,
                item_id,
                delta,
            };
            delivery.tell::<ThreadRealtimeItemTranscriptDelta>(thread, &params);
            if let Some(speaker) = speaker {
                let params = ThreadRealtimeTranscriptDeltaNotification {
                    thread_id: params.thread_id,
                    role: speaker.name().to_owned(),
                    delta: params.delta,
                };
                delivery.tell::<ThreadRealtimeTranscriptDelta>(thread, &params);
            }
        }
        RealtimeEvent::TranscriptDone { speaker, text } => {
            let params = ThreadRealtimeTranscriptDoneNotification {
                thread_id,
                role: speaker.name().to_owned(),
                text,
            };
            delivery.tell::<ThreadRealtimeTranscriptDone>(thread, &params);
        }
        RealtimeEvent::ItemAdded(item) => {
            let params = ThreadRealtimeItemAddedNotification { thread_id, item };
            delivery.tell::<ThreadRealtimeItemAdded>(thread, &params);
        }
        RealtimeEvent::Audio(audio) => {
            let params = ThreadRealtimeOutputAudioDeltaNotification {
                thread_id,
                audio: audio_to_wire(audio),
            };
            delivery.tell::<ThreadRealtimeOutputAudioDelta>(thread, &params);
        }
        RealtimeEvent::Error(message) => {
            let params = ThreadRealtimeErrorNotification { thread_id, message };
            delivery.tell::<ThreadRealtimeError>(thread, &params);
        }
        RealtimeEvent::Closed(end) => {
            let params = ThreadRealtimeClosedNotification {
                thread_id,
                reason: Some(end.name().to_owned()),
            };
            delivery.tell::<ThreadRealtimeClosed>(thread, &params);
        }
    }
}
