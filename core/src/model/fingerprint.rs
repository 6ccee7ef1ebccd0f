//! When a request goes on where the last response ended (docs/contract/model-websocket.md#frames).
//!
//! Requests are compared by hashes, so that a connection doesn't have to keep a copy of the history.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::LazyLock;

use super::request::{self, Frame};
use super::sent_item::SentItem;
use super::{ModelError, Prompt, ResponseItem};

static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What a request consisted of, and what came back.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// Everything but the input and the metadata.
    settings: u64,
    /// The input, and behind it what the server produced.
    items: Vec<u64>,
    response_id: String,
}

impl Exchange {
    /// Describes a request.
    pub(super) fn new(prompt: &Prompt, cache_key: &str) -> Result<Self, ModelError> {
        let nothing = Frame {
            skip: prompt.input.len(),
            ..Frame::default()
        };
        let settings = request::encode(prompt, cache_key, None, &nothing)?;
        Ok(Self {
            settings: KEYS.hash_one(settings),
            items: prompt.input.iter().map(hash).collect(),
            response_id: String::new(),
        })
    }

    /// The server produced an item.
    pub(super) fn produced(&mut self, item: &ResponseItem) {
        self.items.push(hash(item));
    }

    /// The response was complete. Without an id nothing can go on from it.
    pub(super) fn completed(mut self, response_id: &str) -> Option<Self> {
        response_id.clone_into(&mut self.response_id);
        (!response_id.is_empty()).then_some(self)
    }

    /// If `next` goes on from here: the response's id and how many items of the next input the server has.
    pub(super) fn continued_by(&self, next: &Self) -> Option<(&str, usize)> {
        let same = self.settings == next.settings && next.items.starts_with(&self.items);
        same.then_some((self.response_id.as_str(), self.items.len()))
    }
}

/// What an item consists of, without its identifier.
pub(super) fn hash(item: &ResponseItem) -> u64 {
    let mut writer = HashWriter(KEYS.build_hasher());
    // Writing to a hash can't fail; an item that can't be written is reported when the request is.
    let _ = serde_json::to_writer(&mut writer, &SentItem(item));
    writer.0.finish()
}

struct HashWriter<H>(H);

impl<H: Hasher> io::Write for HashWriter<H> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
