//! Content codings of answers.

use std::io::Write;

use flate2::write::GzEncoder;
use serde::Deserialize;

/// How the body of an answer is encoded; `content-encoding` says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Encoding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// A whole body.
    pub(super) fn encode(self, body: &[u8]) -> Vec<u8> {
        let mut encoder = Encoder::new(self);
        let mut encoded = encoder.encode(body);
        encoded.extend(encoder.finish());
        encoded
    }
}

/// A body that is encoded piece by piece.
pub(super) enum Encoder {
    Gzip(GzEncoder<Vec<u8>>),
    /// `None`: this encoder could not be made, and what goes out is empty.
    Zstd(Option<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

impl Encoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::fast())),
            Encoding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 1).ok()),
        }
    }

    /// A piece that can be decoded as soon as it arrives. Writing into memory does not fail.
    pub(super) fn encode(&mut self, piece: &[u8]) -> Vec<u8> {
        match self {
            Self::Gzip(encoder) => {
                let _ = encoder.write_all(piece).and_then(|()| encoder.flush());
                std::mem::take(encoder.get_mut())
            }
            Self::Zstd(Some(encoder)) => {
                let _ = encoder.write_all(piece).and_then(|()| encoder.flush());
                std::mem::take(encoder.get_mut())
            }
            Self::Zstd(None) => Vec::new(),
        }
    }

    /// What is left at the end of the body.
    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Gzip(encoder) => encoder.finish().unwrap_or_default(),
            Self::Zstd(encoder) => encoder
                .and_then(|encoder| encoder.finish().ok())
                .unwrap_or_default(),
        }
    }
}
