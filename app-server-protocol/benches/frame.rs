//! What a frame costs: reading a request, writing a delta.

use std::hint::black_box;

use codex_app_server_protocol::wire::{decode, encode_notification};
use codex_app_server_protocol::{
    AgentMessageDelta, AgentMessageDeltaNotification, Dialect, Notification, Scope,
};
use criterion::{Criterion, criterion_group, criterion_main};

const TURN_START: &[u8] = br#"{"id":42,"method":"turn/start","params":{"threadId":"01a1fb3b-3d0f-7331-a8f6-d24f5c3f9721","input":[{"type":"text","text":"Please look at the failing test in src/parser.rs and fix the cause.","text_elements":[]}],"cwd":"/home/user/project","approvalPolicy":"on-request"}}"#;

fn frames(c: &mut Criterion) {
    c.bench_function("decode a request", |b| b.iter(|| decode(black_box(TURN_START))));

    let frame = decode(TURN_START).map(|decoded| decoded.frame);
    if let Ok(codex_app_server_protocol::Frame::Request { params, .. }) = frame {
        c.bench_function("read the scope of a request", |b| {
            b.iter(|| Scope::Thread.key(black_box(params)));
        });
    }

    let delta = AgentMessageDeltaNotification {
        thread_id: "01a1fb3b-3d0f-7331-a8f6-d24f5c3f9721".to_owned(),
        turn_id: "01a1fb3b-3d22-7be3-8a7f-8a553f9f221a".to_owned(),
        item_id: "msg_0123456789abcdef".to_owned(),
        delta: " streamed".to_owned(),
    };
    let mut out = Vec::with_capacity(512);
    c.bench_function("encode a delta", |b| {
        b.iter(|| {
            out.clear();
            encode_notification(
                &mut out,
                Dialect::Plain,
                AgentMessageDelta::METHOD,
                black_box(&delta),
                Some(1_795_216_325_957),
            )
        });
    });
}

criterion_group!(benches, frames);
criterion_main!(benches);
