//! Images that others are made from.

use std::path::PathBuf;

use super::arguments::{Arguments, Named};
use super::request::Source;
use crate::InputImage;
use crate::external_file::FileError;
use crate::image_data::{self, Bounds, ImageError};
use crate::model::{ContentItem, FunctionOutput, KnownItem, ResponseItem};
use crate::tools::{CallContext, view_image};

/// Most bytes of all images of a request, as they are sent.
const MAX_TOTAL: usize = 64 << 20;

/// What a request has of them, and what is told of it.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) images: Vec<Source>,
    /// Those that are files.
    pub(super) files: Vec<InputImage>,
}

impl Sources {
    /// Those that a call names. An error is words for the model.
    pub(super) async fn of(
        cx: &CallContext,
        arguments: &Arguments,
        recent: &[String],
    ) -> Result<Self, String> {
        let mut sources = Self::default();
        match arguments.named()? {
            Named::Nothing => {}
            Named::Recent(count) if recent.len() < count => {
                return Err(format!(
                    "the last {count} images of the conversation were asked for, but it has only {}",
                    recent.len()
                ));
            }
            Named::Recent(_) => {
                for url in recent {
                    sources.add(url.clone())?;
                }
            }
            Named::Files(_) if !cx.settings.has_environment => {
                return Err("this thread has no environment: commands and files are out of reach".into());
            }
            Named::Files(paths) => {
                for path in paths {
                    sources.read(cx, path.clone()).await?;
                }
            }
        }
        Ok(sources)
    }

    /// Adds a file, if the turn may read it.
    async fn read(&mut self, cx: &CallContext, path: PathBuf) -> Result<(), String> {
        let bounds = Bounds::of_detail("original");
        let read = image_data::read_with_hash(&path, bounds, view_image::limits(cx)).await;
        let (url, sha256) = read.map_err(|error| {
            let path = path.display();
            match error {
                ImageError::File(error @ FileError::Io(_)) => {
                    format!("unable to read referenced image at `{path}`: {error}")
                }
                other => format!("unable to process referenced image at `{path}`: {other}"),
            }
        })?;
        self.add(url)?;
        self.files.push(InputImage { path, sha256 });
        Ok(())
    }

    fn add(&mut self, image_url: String) -> Result<(), String> {
        self.images.push(Source { image_url });
        let total: usize = self.images.iter().map(|image| image.image_url.len()).sum();
        if total > MAX_TOTAL {
            return Err(format!(
                "the images are too large to be sent together: the most is {} MiB in base64",
                MAX_TOTAL >> 20
            ));
        }
        Ok(())
    }
}

/// The last images of a history, so many at most, in their order.
pub(super) fn recent(history: &[ResponseItem], count: usize) -> Vec<String> {
    let mut found = Vec::new();
    if count > 0 {
        let all = history
            .iter()
            .rev()
            .flat_map(|item| images(item).into_iter().rev());
        found.extend(all.take(count));
        found.reverse();
    }
    found
}

fn images(item: &ResponseItem) -> Vec<String> {
    let parts = match item {
        ResponseItem::Known(KnownItem::Message { content, .. }) => content,
        ResponseItem::Known(
            KnownItem::FunctionCallOutput {
                output: FunctionOutput::Parts(parts),
                ..
            }
            | KnownItem::CustomToolCallOutput {
                output: FunctionOutput::Parts(parts),
                ..
            },
        ) => parts,
        ResponseItem::Other(item) if item["type"] == "image_generation_call" => {
            let data = item["result"].as_str().filter(|data| !data.is_empty());
            return data
                .map(|data| format!("data:image/png;base64,{data}"))
                .into_iter()
                .collect();
        }
        ResponseItem::Known(_) | ResponseItem::Other(_) => return Vec::new(),
    };
    let url = |part: &ContentItem| match part {
        ContentItem::InputImage { image_url, .. } => image_url.clone(),
        _ => None,
    };
    parts.iter().filter_map(url).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_images_are_given_in_their_order() {
        let image = |url: &str| json!({"type": "input_image", "image_url": url});
        let history = [
            json!({"type": "message", "role": "user", "content": [image("a"), image("b"), {"type": "input_text", "text": "t"}]}),
            json!({"type": "function_call_output", "call_id": "c", "output": [image("c")]}),
            json!({"type": "function_call_output", "call_id": "d", "output": "text"}),
            json!({"type": "image_generation_call", "result": "AA=="}),
            json!({"type": "message", "role": "user", "content": [{"type": "input_image", "file_id": "f"}]}),
        ]
        .map(ResponseItem::from);
        assert_eq!(recent(&history, 3), ["b", "c", "data:image/png;base64,AA=="]);
        assert_eq!(recent(&history, 9).len(), 4);
        assert!(recent(&history, 0).is_empty());
    }
}
