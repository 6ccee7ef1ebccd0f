//! What the model reads of a call.

use std::time::Duration;

use serde_json::Value;

use super::super::CallContext;
use super::ordered;
use crate::exec::{OutputLimit, cut_output};
use crate::image_data::{self, Bounds, ImageError, NO_AUDIO, left_out};
use crate::mcp::McpTool;
use crate::model::{ContentItem, Extra, FunctionOutput};

/// Blocks of one result that go to the model. Texts have a bound of their own, images and empty texts have not.
const MAX_BLOCKS: usize = 2_048;

/// What the cut of a text adds to it, in bytes at most.
const CUT_MARK: usize = 64;

/// How what comes of a call goes to the model.
#[derive(Debug, Clone, Copy)]
pub(in crate::tools) struct Output {
    /// The limit of the tool's own, in bytes, where it is below that of all outputs.
    own_limit: Option<usize>,
    /// Of images, for models that take them.
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
        // What is cut here must not be cut once more.
        let most = cx.output_limit.in_history().saturating_sub(CUT_MARK);
        Self {
            own_limit: own.map(OutputLimit::in_history).filter(|own| *own < most),
            detail: cx.image_detail,
        }
    }

    /// What the model reads of a call that has ended like this, within the tool's own limit.
    pub(super) async fn read(self, ended: Result<&Value, &String>, elapsed: Duration) -> FunctionOutput {
        let heading = format!("Wall time: {:.4} seconds\nOutput:", elapsed.as_secs_f64());
        let mut output = match ended {
            Err(why) => FunctionOutput::Parts([heading, why.clone()].map(ContentItem::input_text).into()),
            Ok(result) if !result["structuredContent"].is_null() => {
                FunctionOutput::Text(format!("{heading}\n{}", result["structuredContent"]))
            }
            Ok(result) => {
                let content = result["content"].as_array().map_or(&[][..], Vec::as_slice);
                FunctionOutput::Parts(self.parts(heading, content).await)
            }
        };
        if let Some(most) = self.own_limit {
            cut_output(&mut output, most);
        }
        output
    }

    async fn parts(self, heading: String, content: &[Value]) -> Vec<ContentItem> {
        let mut parts = vec![ContentItem::input_text(heading)];
        for block in content.iter().take(MAX_BLOCKS) {
            let text = match block["type"].as_str() {
                Some("text") => block["text"].as_str().unwrap_or_default().to_owned(),
                Some("image") => match image(block, self.detail).await {
                    Ok(url) => {
                        parts.push(ContentItem::InputImage {
                            image_url: Some(url),
                            file_id: None,
                            detail: Some(self.detail.to_owned()),
                            extra: Extra::new(),
                        });
                        continue;
                    }
                    Err(reason) => left_out(&reason),
                },
                _ => ordered::to_text(block),
            };
            parts.push(ContentItem::input_text(text));
        }
        let beyond = content.len().saturating_sub(MAX_BLOCKS);
        if beyond > 0 {
            parts.push(ContentItem::input_text(format!(
                "[omitted {beyond} more items ...]"
            )));
        }
        parts
    }
}

/// An image as a URL that models take. What kind it is, its bytes say: servers are wrong about it.
async fn image(block: &Value, detail: &str) -> Result<String, ImageError> {
    let data = block["data"].as_str().ok_or(ImageError::NotInline)?;
    let data = match data.strip_prefix("data:") {
        Some(url) => url.split_once(";base64,").ok_or(ImageError::NotInline)?.1,
        None => data,
    };
    image_data::fit_base64(data.to_owned(), Bounds::of_detail(detail)).await
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
