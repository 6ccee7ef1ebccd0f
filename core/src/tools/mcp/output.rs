//! What the model reads of a call.

use std::time::Duration;

use serde_json::Value;

use super::super::CallContext;
use crate::exec::OutputLimit;
use crate::image_data;
use crate::mcp::McpTool;
use crate::model::{ContentItem, Extra, FunctionOutput};

/// In place of sounds, for clients as for models.
const NO_AUDIO: &str = "<audio content omitted because you do not support audio input>";

/// In place of an image that is none.
const NO_IMAGE: &str = "image content omitted because it could not be processed";

/// Blocks of one result that go to the model: of its texts some may be empty, and images count nothing.
const MAX_BLOCKS: usize = 256;

/// How what comes of a call goes to the model.
#[derive(Debug, Clone, Copy)]
pub(in crate::tools) struct Output {
    limit: OutputLimit,
    /// The model takes images.
    detail: &'static str,
}

impl Output {
    /// Of a call of this tool.
    pub(super) fn of(cx: &CallContext, tool: &McpTool) -> Self {
        let own = tool
            .server
            .config()
            .and_then(|config| config.tools.get(&tool.name)?.output_token_limit);
        let own = own.map(|tokens| OutputLimit::Tokens(usize::try_from(tokens).unwrap_or(usize::MAX)));
        Self {
            limit: match own {
                Some(own) if own.bytes() < cx.output_limit.bytes() => own,
                _ => cx.output_limit,
            },
            detail: cx.image_detail,
        }
    }

    /// What the model reads of a call that has ended like this.
    pub(super) async fn read(self, ended: Result<&Value, &String>, elapsed: Duration) -> FunctionOutput {
        let heading = format!("Wall time: {:.4} seconds\nOutput:", elapsed.as_secs_f64());
        let result = match ended {
            Ok(result) => result,
            Err(why) => {
                let parts = [heading, self.limit.cut(why)].map(ContentItem::input_text);
                return FunctionOutput::Parts(parts.into());
            }
        };
        let structured = &result["structuredContent"];
        if !structured.is_null() {
            let text = self.limit.cut(&structured.to_string());
            return FunctionOutput::Text(format!("{heading}\n{text}"));
        }
        let content = result["content"].as_array().map_or(&[][..], Vec::as_slice);
        let mut parts = vec![ContentItem::input_text(heading)];
        let mut left = self.limit.bytes();
        let mut omitted = 0;
        let mut beyond = 0;
        for block in content {
            if parts.len() > MAX_BLOCKS {
                beyond += 1;
                continue;
            }
            let text = match block["type"].as_str() {
                Some("text") => block["text"].as_str().unwrap_or_default().to_owned(),
                Some("image") => match image(block).await {
                    Some(url) => {
                        parts.push(ContentItem::InputImage {
                            image_url: Some(url),
                            file_id: None,
                            detail: Some(self.detail.to_owned()),
                            extra: Extra::new(),
                        });
                        continue;
                    }
                    None => NO_IMAGE.to_owned(),
                },
                _ => block.to_string(),
            };
            if left == 0 {
                omitted += 1;
                continue;
            }
            let cut = if text.len() <= left {
                text
            } else {
                without_heading(self.left(left).cut(&text))
            };
            left = left.saturating_sub(cut.len());
            parts.push(ContentItem::input_text(cut));
        }
        if omitted > 0 {
            parts.push(ContentItem::input_text(format!(
                "[omitted {omitted} text items ...]"
            )));
        }
        if beyond > 0 {
            parts.push(ContentItem::input_text(format!(
                "[omitted {beyond} more items ...]"
            )));
        }
        FunctionOutput::Parts(parts)
    }

    /// The same, with so many bytes left.
    fn left(self, bytes: usize) -> OutputLimit {
        match self.limit {
            OutputLimit::Bytes(_) => OutputLimit::Bytes(bytes),
            OutputLimit::Tokens(_) => OutputLimit::Tokens(bytes / 4),
        }
    }
}

/// A text that was cut, without the lines that say so of a command's output: the gap in it says enough.
fn without_heading(cut: String) -> String {
    match cut.split_once("\n\n") {
        Some((heading, rest)) if heading.starts_with("Warning: truncated output") => rest.to_owned(),
        _ => cut,
    }
}

/// An image as a URL that models take.
async fn image(block: &Value) -> Option<String> {
    let (data, kind) = (block["data"].as_str()?, block["mimeType"].as_str()?);
    let url = if data.starts_with("data:") {
        data.to_owned()
    } else {
        format!("data:{kind};base64,{data}")
    };
    image_data::fit_url(url).await.ok()
}

/// The result of a call as clients and models know it: always with content, and without sounds.
pub(super) fn plain(mut result: Value) -> Value {
    if !result.is_object() {
        result = serde_json::json!({});
    }
    match &mut result["content"] {
        Value::Array(content) => {
            for block in content.iter_mut().filter(|block| block["type"] == "audio") {
                *block = serde_json::json!({"type": "text", "text": NO_AUDIO});
            }
        }
        content => *content = serde_json::json!([]),
    }
    result
}
