//! One piece of streamed text from the engine's event to the bytes for standard output.

use codex_app_server::bench::DeltaPath;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Pieces that come together, as one read of a model's stream brings them.
const TOGETHER: u64 = 16;

fn deltas(c: &mut Criterion) {
    let mut group = c.benchmark_group("delta");
    group.throughput(Throughput::Elements(TOGETHER));
    group.bench_function("event_to_bytes", |b| {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let Ok(runtime) = runtime else { return };
        let path = runtime.block_on(async { DeltaPath::new(tokio::io::sink()) });
        b.to_async(&runtime).iter(async || {
            for _ in 0..TOGETHER {
                path.say("lorem ip ");
            }
            path.written().await;
        });
    });
    group.finish();
}

criterion_group!(benches, deltas);
criterion_main!(benches);
