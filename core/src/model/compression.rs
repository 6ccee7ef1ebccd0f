//! zstd for request bodies (docs/contract/model-http.md#compression).

use std::time::Instant;

/// The level that the servers are used to.
const LEVEL: i32 = 3;
/// Above this a body is compressed on a thread of its own: it takes more than a millisecond.
const INLINE_LIMIT: usize = 128 << 10;

/// Compresses a body. Gives it back as it was, and `false`, if that fails.
pub(super) async fn compress(plain: Vec<u8>) -> (Vec<u8>, bool) {
    if plain.len() <= INLINE_LIMIT {
        return compress_now(plain);
    }
    let kept = plain.clone();
    tokio::task::spawn_blocking(move || compress_now(plain))
        .await
        .unwrap_or((kept, false))
}

fn compress_now(plain: Vec<u8>) -> (Vec<u8>, bool) {
    let started = Instant::now();
    match zstd::bulk::compress(&plain, LEVEL) {
        Ok(compressed) => {
            tracing::info!(
                target: "codex_core::model::compression",
                pre_compression_bytes = plain.len(),
                post_compression_bytes = compressed.len(),
                compression_duration_ms = started.elapsed().as_secs_f64() * 1000.0,
                "Compressed request body with zstd"
            );
            (compressed, true)
        }
        Err(e) => {
            tracing::warn!(target: "codex_core::model::compression", "the request goes out uncompressed: {e}");
            (plain, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_compressed_can_be_read_again() {
        for size in [10, INLINE_LIMIT + 1] {
            let plain = vec![b'a'; size];
            let (bytes, compressed) = compress(plain.clone()).await;
            assert!(compressed);
            assert_eq!(zstd::bulk::decompress(&bytes, size).unwrap(), plain);
        }
    }
}
