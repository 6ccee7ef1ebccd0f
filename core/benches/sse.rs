//! Cost of one text delta from the bytes of the stream to a [`ResponseEvent`].
#![expect(clippy::unwrap_used, reason = "a bench may panic")]

use std::collections::VecDeque;
use std::hint::black_box;

use codex_core::model::{EventParser, ResponseEvent, SseDecoder};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const DELTAS: usize = 1000;

fn stream() -> Vec<u8> {
    let added = concat!(
        r#"data: {"type":"response.output_item.added","output_index":1,"item":{"type":"message","role":"assistant","#,
        r#""id":"msg_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b","content":[]}}"#,
        "\n\n"
    );
    let delta = concat!(
        "event: response.output_text.delta\n",
        r#"data: {"type":"response.output_text.delta","sequence_number":12,"item_id":"msg_68af4030592c81938ec0a5fbab4"#,
        r#"a3e9f05438e46b5f69a3b","output_index":1,"content_index":0,"delta":" a few words","logprobs":[],"#,
        r#""obfuscation":"Y2xhcml0eQ"}"#,
        "\n\n"
    );
    (added.to_owned() + &delta.repeat(DELTAS)).into_bytes()
}

fn decode(chunks: &[&[u8]]) -> usize {
    let mut decoder = SseDecoder::new();
    let mut parser = EventParser::default();
    let mut events = VecDeque::new();
    let mut count = 0;
    for chunk in chunks {
        decoder.push(chunk).unwrap();
        while let Some(data) = decoder.next_data() {
            parser.parse(data, &mut events).unwrap();
            while let Some(event) = events.pop_front() {
                count += usize::from(matches!(black_box(event), ResponseEvent::TextDelta { .. }));
            }
        }
    }
    count
}

fn bench(c: &mut Criterion) {
    let bytes = stream();
    let each: Vec<&[u8]> = bytes.chunks(bytes.len() / DELTAS).collect();
    let mut group = c.benchmark_group("text_delta");
    group.throughput(Throughput::Elements(DELTAS as u64));
    group.bench_function("one_per_chunk", |b| {
        b.iter(|| assert_eq!(decode(black_box(&each)), DELTAS));
    });
    group.bench_function("all_in_one_chunk", |b| {
        b.iter(|| assert_eq!(decode(black_box(&[&bytes])), DELTAS));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
