//! How long items are, without asking a server: for deciding what still fits into a model's window.

use std::io;

use serde::Serialize;

use super::{ContentItem, Extra, FunctionOutput, KnownItem, ReasoningContent, ResponseItem, SummaryPart};

/// Bytes of text that count as one token. Measured over code and prose it is rather more, so that estimates are high.
const BYTES_PER_TOKEN: usize = 4;

/// What an image of usual size costs, in tokens: its data says nothing about that.
const IMAGE_TOKENS: usize = 1_844;

/// What surrounds the text of an item in a request: its type, its role, its identifiers.
const FRAME: usize = 60;

/// The size of items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ItemSize {
    /// Bytes of text.
    text: usize,
    /// Number of images.
    images: usize,
    /// Bytes of image data.
    image_data: usize,
}

impl ItemSize {
    /// The size of one item.
    pub(crate) fn of(item: &ResponseItem) -> Self {
        let mut size = Self {
            text: FRAME,
            ..Self::default()
        };
        match item {
            ResponseItem::Known(known) => size.add_known(known),
            ResponseItem::Other(value) if value["type"] == "image_generation_call" => {
                size.images += 1;
                size.image_data += value["result"].as_str().map_or(0, str::len);
                size.text += value["revised_prompt"].as_str().map_or(0, str::len);
            }
            ResponseItem::Other(value) => size.text += json_length(value),
        }
        size
    }

    /// The size of several items.
    pub(crate) fn of_all(items: &[ResponseItem]) -> Self {
        items
            .iter()
            .fold(Self::default(), |sum, item| sum + Self::of(item))
    }

    /// About how many tokens they have for a model.
    pub(crate) fn tokens(self) -> usize {
        self.text.div_ceil(BYTES_PER_TOKEN) + self.images * IMAGE_TOKENS
    }

    /// About how many bytes they have in a request.
    pub(crate) fn bytes(self) -> usize {
        self.text + self.image_data
    }

    fn add_known(&mut self, item: &KnownItem) {
        match item {
            KnownItem::Message { content, extra, .. } => {
                self.add_parts(content);
                self.add_extra(extra);
            }
            KnownItem::Reasoning {
                summary,
                encrypted_content,
                extra,
                ..
            } => {
                for part in summary {
                    self.text += match part {
                        SummaryPart::SummaryText { text } => text.len(),
                        SummaryPart::Other(value) => json_length(value),
                    };
                }
                self.text += encrypted_content.as_ref().map_or(0, String::len);
                for part in item.raw_reasoning().unwrap_or_default() {
                    self.text += match part {
                        ReasoningContent::ReasoningText { text } | ReasoningContent::Text { text } => {
                            text.len()
                        }
                        ReasoningContent::Other(value) => json_length(value),
                    };
                }
                self.add_extra(extra);
            }
            KnownItem::FunctionCall {
                name,
                arguments: input,
                extra,
                ..
            }
            | KnownItem::CustomToolCall {
                name, input, extra, ..
            } => {
                self.text += name.len() + input.len();
                self.add_extra(extra);
            }
            KnownItem::FunctionCallOutput { output, extra, .. }
            | KnownItem::CustomToolCallOutput { output, extra, .. } => {
                match output {
                    FunctionOutput::Text(text) => self.text += text.len(),
                    FunctionOutput::Parts(parts) => self.add_parts(parts),
                }
                self.add_extra(extra);
            }
            KnownItem::WebSearchCall { action, extra, .. } => {
                self.text += action.as_ref().map_or(0, json_length);
                self.add_extra(extra);
            }
        }
    }

    fn add_parts(&mut self, parts: &[ContentItem]) {
        for part in parts {
            match part {
                ContentItem::InputText { text, .. } | ContentItem::OutputText { text, .. } => {
                    self.text += text.len();
                }
                ContentItem::InputImage { image_url, .. } => {
                    self.images += 1;
                    self.image_data += image_url.as_ref().map_or(0, String::len);
                }
                ContentItem::Other(value) => self.text += json_length(value),
            }
        }
    }

    fn add_extra(&mut self, extra: &Extra) {
        if !extra.is_empty() {
            self.text += json_length(extra);
        }
    }
}

impl std::ops::Add for ItemSize {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            text: self.text + other.text,
            images: self.images + other.images,
            image_data: self.image_data + other.image_data,
        }
    }
}

impl std::ops::AddAssign for ItemSize {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What is left without some of them.
impl std::ops::Sub for ItemSize {
    type Output = Self;

    fn sub(self, part: Self) -> Self {
        Self {
            text: self.text.saturating_sub(part.text),
            images: self.images.saturating_sub(part.images),
            image_data: self.image_data.saturating_sub(part.image_data),
        }
    }
}

/// The tokens of a text.
pub(crate) fn text_tokens(text: &str) -> usize {
    text.len().div_ceil(BYTES_PER_TOKEN)
}

/// The bytes of a text of this many tokens.
pub(crate) fn text_bytes(tokens: usize) -> usize {
    tokens.saturating_mul(BYTES_PER_TOKEN)
}

fn json_length(value: &impl Serialize) -> usize {
    struct Counter(usize);
    impl io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Counting can't fail; a value that can't be written isn't sent.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn images_count_by_number_and_not_by_their_data() {
        let image = |length: usize| -> ResponseItem {
            let url = format!("data:image/png;base64,{}", "A".repeat(length));
            json!({"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": url}]})
                .into()
        };
        let made = |length: usize| -> ResponseItem {
            json!({"type": "image_generation_call", "result": "A".repeat(length)}).into()
        };
        for of_length in [&image as &dyn Fn(usize) -> ResponseItem, &made] {
            let (small, large) = (ItemSize::of(&of_length(10)), ItemSize::of(&of_length(1 << 20)));
            assert_eq!(small.tokens(), large.tokens());
            assert!(small.tokens() >= IMAGE_TOKENS);
            assert!(large.bytes() > 1 << 20);
        }
    }

    #[test]
    fn an_estimate_is_near_to_what_is_sent() {
        let items: Vec<ResponseItem> = [
            json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x".repeat(4_000)}]}),
            json!({"type": "function_call", "call_id": "c", "name": "n", "arguments": "y".repeat(4_000)}),
            json!({"type": "function_call_output", "call_id": "c", "output": "z".repeat(4_000)}),
            json!({"type": "compaction", "encrypted_content": "e".repeat(4_000)}),
        ]
        .into_iter()
        .map(ResponseItem::from)
        .collect();
        let tokens = ItemSize::of_all(&items).tokens();
        assert!((4_000..4_200).contains(&tokens), "{tokens}");
    }
}
