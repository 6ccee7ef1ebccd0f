//! `view_image`: shows the model an image file (docs/contract/tools.md#images).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CallContext, Tool, ToolCall, ToolEnd, arguments};
use crate::external_file::FileError;
use crate::image_data::{self, Bounds, ImageError, MayBeRead};
use crate::model::{ContentItem, Extra, FunctionOutput};
use crate::sandbox::ReadLimits;
use crate::{Item, ItemBody};

/// Shows the model an image file.
#[derive(Debug)]
pub(crate) struct ViewImage;

#[derive(Debug, Deserialize)]
struct Arguments {
    path: PathBuf,
    /// Not offered; models have learnt it.
    detail: Option<String>,
}

/// What `detail` may be. The image is shown in the detail that suits the model.
const DETAILS: [&str; 2] = ["high", "original"];

impl Tool for ViewImage {
    fn name(&self) -> &'static str {
        "view_image"
    }

    fn spec(&self) -> Value {
        json!({
            "type": "function",
            "name": self.name(),
            "description": "Shows you an image file of this machine: PNG, JPEG, GIF or WebP. Use it only for images that \
                you have not been shown yet.",
            "strict": false,
            "parameters": {
                "type": "object",
                "properties": {
                    "path": {
                        "type": "string",
                        "description": "Path of the file, absolute or relative to the working folder.",
                    },
                },
                "required": ["path"],
                "additionalProperties": false,
            },
        })
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            match arguments::<Arguments>(&call) {
                Ok(Arguments {
                    detail: Some(detail), ..
                }) if !DETAILS.contains(&detail.as_str()) => ToolEnd::text(format!(
                    "view_image.detail can only be `high` or `original`, not `{detail}`; leave it out"
                )),
                Ok(Arguments { path, .. }) => view(cx, call.call_id, &path).await,
                Err(end) => end,
            }
        }
        .boxed()
    }
}

async fn view(cx: CallContext, call_id: String, path: &Path) -> ToolEnd {
    let path = cx.resolve(path);
    let started_at_ms = Some(crate::now_ms());
    let bounds = Bounds::of_detail(cx.image_detail);
    let read = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => return ToolEnd::text("aborted by user"),
        read = image_data::read_as_url(&path, bounds, limits(&cx)) => read,
    };
    let url = match read {
        Ok(url) => url,
        Err(error) => return refusal(&path, &error),
    };
    let item = Item {
        id: call_id,
        started_at_ms,
        completed_at_ms: None,
        body: ItemBody::ImageView { path },
    };
    cx.outbox.item_at_once(&cx.turn_id, item).await;
    let image = ContentItem::InputImage {
        image_url: Some(url),
        file_id: None,
        detail: Some(cx.image_detail.to_owned()),
        extra: Extra::new(),
    };
    cx.record
        .succeeded(ToolEnd::Output(FunctionOutput::Parts(vec![image])))
}

/// Judges which files the turn may read, if not all.
pub(super) fn limits(cx: &CallContext) -> Option<MayBeRead> {
    cx.settings.profile_rules.is_some().then(|| {
        let (settings, granted) = (Arc::clone(&cx.settings), cx.approvals.granted(&cx.turn_id));
        Box::new(move |place: &Path| ReadLimits::of(&settings, &granted.read).allow(place)) as MayBeRead
    })
}

fn refusal(path: &Path, error: &ImageError) -> ToolEnd {
    let path = path.display();
    ToolEnd::text(match error {
        ImageError::File(FileError::Io(error)) => format!("unable to locate image at `{path}`: {error}"),
        other => format!("unable to view image at `{path}`: {other}"),
    })
}
