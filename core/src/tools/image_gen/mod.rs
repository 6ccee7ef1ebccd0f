//! `image_gen.imagegen`: has the thread's provider make an image (docs/contract/tools.md#making-images). Where to look:
//! `arguments` (what the model may ask for), `sources` (images that others are made from), `request` (the provider),
//! `file` (where images are kept).

mod arguments;
mod file;
mod request;
mod sources;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::arguments::Arguments;
use self::request::{Made, Wanted};
use self::sources::Sources;
use super::{CallContext, Tool, ToolCall, ToolEnd, mcp};
use crate::dynamic_tools::DynamicTools;
use crate::external_file::{FileError, in_background};
use crate::image_data::{self, Bounds, ImageError};
use crate::model::side_channel::SideChannel;
use crate::model::{ContentItem, Extra, FunctionOutput, KnownItem, ResponseItem};
use crate::{ImageGeneration, Item, ItemBody, ThreadId};

/// The namespace of the tool.
pub(super) const NAMESPACE: &str = "image_gen";
const NAME: &str = "imagegen";

/// Calls of a thread that wait or run at the same time; others are told to come later.
const MAX_CALLS: usize = 8;
/// Images of a thread that are made at the same time.
const MAX_DRAWN: usize = 2;

/// How long the file of an image may take.
const SAVE_TIMEOUT: Duration = Duration::from_secs(30);

/// Makes an image.
#[derive(Debug)]
pub(super) struct ImageGen;

/// What a thread makes images with.
#[derive(Debug)]
pub(crate) struct ImageService {
    channel: SideChannel,
    home: PathBuf,
    thread: ThreadId,
    is_enabled: bool,
    /// Calls that are known at the same time: each holds images.
    calls: Arc<Semaphore>,
    /// Images that are made at the same time.
    drawn: Semaphore,
}

/// What one call has to make an image with.
#[derive(Debug, Clone)]
pub(crate) struct ImageCall {
    service: Arc<ImageService>,
    /// The last images of the conversation, as many as the call asks for, if there are so many.
    recent: Arc<[String]>,
    /// `None`: there are too many calls.
    place: Option<Arc<OwnedSemaphorePermit>>,
}

impl ImageService {
    /// The service of a thread. `home` is where images are kept.
    pub(crate) fn new(channel: SideChannel, home: PathBuf, thread: ThreadId, is_enabled: bool) -> Arc<Self> {
        Arc::new(Self {
            channel,
            home,
            thread,
            is_enabled,
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
            drawn: Semaphore::new(MAX_DRAWN),
        })
    }

    /// Whether models are offered the tool now: requests go in the name of a ChatGPT account.
    pub(crate) fn is_offered(&self) -> bool {
        self.is_enabled && self.channel.is_chatgpt()
    }

    /// Has it known for certain who is signed in.
    pub(crate) async fn know_account(&self) {
        if self.is_enabled {
            self.channel.know_account().await;
        }
    }

    /// What a call has that follows this history. `None`: it is one of another tool, or images can't be made. A client's
    /// namespace of the same name is offered in place of the tool.
    pub(crate) fn call(
        self: &Arc<Self>,
        call: &KnownItem,
        history: &[ResponseItem],
        dynamic: &DynamicTools,
    ) -> Option<ImageCall> {
        let KnownItem::FunctionCall {
            name,
            namespace,
            arguments,
            ..
        } = call
        else {
            return None;
        };
        let is_it =
            name == NAME && namespace.as_deref() == Some(NAMESPACE) && !dynamic.has_namespace(NAMESPACE);
        (is_it && self.is_offered()).then(|| {
            let place = Arc::clone(&self.calls).try_acquire_owned().ok().map(Arc::new);
            let wanted = match place {
                Some(_) => Arguments::recent_in(arguments),
                None => 0,
            };
            ImageCall {
                service: Arc::clone(self),
                recent: sources::recent(history, wanted).into(),
                place,
            }
        })
    }
}

impl Tool for ImageGen {
    fn name(&self) -> &'static str {
        NAME
    }

    fn namespace(&self) -> Option<&'static str> {
        Some(NAMESPACE)
    }

    fn spec(&self) -> Value {
        arguments::spec()
    }

    fn is_available(&self, cx: &CallContext) -> bool {
        cx.images.is_some()
    }

    fn run(&self, cx: CallContext, call: ToolCall) -> BoxFuture<'_, ToolEnd> {
        async move {
            let began = Instant::now();
            let Some(images) = cx.images.clone() else {
                return ToolEnd::text("images can't be made here");
            };
            if images.place.is_none() {
                return ToolEnd::text(format!(
                    "no more than {MAX_CALLS} images are made at the same time: ask again when those are done"
                ));
            }
            let arguments = match Arguments::of(&call) {
                Ok(arguments) => arguments,
                Err(end) => return end,
            };
            // Until the item is told: what waits for disks and clients is bounded, too.
            let _place = tokio::select! {
                biased;
                () = cx.cancel.cancelled() => return mcp::aborted(began.elapsed()),
                place = images.service.drawn.acquire() => place,
            };
            let sources = tokio::select! {
                biased;
                () = cx.cancel.cancelled() => return mcp::aborted(began.elapsed()),
                sources = Sources::of(&cx, &arguments, &images.recent) => sources,
            };
            match sources {
                Ok(sources) => draw(cx, call.call_id, &images.service, arguments, sources, began).await,
                Err(why) => ToolEnd::text(why),
            }
        }
        .boxed()
    }
}

/// Has the image made, and tells users of it from begin to end.
async fn draw(
    cx: CallContext,
    call_id: String,
    service: &ImageService,
    arguments: Arguments,
    sources: Sources,
    began: Instant,
) -> ToolEnd {
    let mut item = Item {
        id: call_id,
        started_at_ms: Some(crate::now_ms()),
        completed_at_ms: None,
        body: ItemBody::ImageGeneration(generation("in_progress")),
    };
    cx.outbox.item_started(&cx.turn_id, item.clone());
    let wanted = Wanted::new(
        arguments.prompt.clone(),
        arguments.is_transparent(),
        sources.images,
    );
    let drawn = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => None,
        drawn = service.draw(&cx, &item.id, wanted) => Some(drawn),
    };
    let (body, end) = match drawn {
        Some(Ok(drawn)) => {
            let body = ImageGeneration {
                result: drawn.made.data,
                transparent_background: drawn.made.transparent,
                saved_path: drawn.saved.as_ref().ok().cloned(),
                input_images: sources.files,
                generation_id: drawn.made.id,
                ..generation("completed")
            };
            (body, Ok(output(&cx, drawn.url, &drawn.saved)))
        }
        Some(Err(why)) => (generation("failed"), Err(ToolEnd::text(why))),
        None => (generation("failed"), Err(mcp::aborted(began.elapsed()))),
    };
    item.body = ItemBody::ImageGeneration(ImageGeneration {
        revised_prompt: Some(arguments.prompt),
        ..body
    });
    cx.outbox.item_completed(&cx.turn_id, item).await;
    match end {
        Ok(output) => cx.record.succeeded(ToolEnd::Output(output)),
        Err(end) => end,
    }
}

fn generation(status: &str) -> ImageGeneration {
    ImageGeneration {
        status: status.to_owned(),
        revised_prompt: None,
        result: String::new(),
        transparent_background: None,
        failure: None,
        saved_path: None,
        input_images: Vec::new(),
        generation_id: None,
    }
}

/// An image that has come.
struct Drawn {
    made: Made,
    /// As the model sees it.
    url: Result<String, ImageError>,
    saved: Result<PathBuf, FileError>,
}

impl ImageService {
    /// Has an image made, and keeps it. An error is words for the model.
    async fn draw(&self, cx: &CallContext, call_id: &str, wanted: Wanted) -> Result<Drawn, String> {
        let made = request::send(&self.channel, &cx.turn_id, wanted).await?;
        let url = image_data::fit_base64(made.data.clone(), Bounds::of_detail(cx.image_detail)).await;
        // What is an image is paid for, and stays even if the model can't be shown it.
        if let Err(why @ (ImageError::NotInline | ImageError::UnknownKind | ImageError::Damaged(_))) = &url {
            return Err(format!(
                "image generation failed: what the server has sent: {why}"
            ));
        }
        let (home, thread) = (self.home.clone(), self.thread);
        let (call_id, data) = (call_id.to_owned(), made.data.clone());
        let save = move || {
            let bytes = image_data::decode(&data)
                .map_err(|why| std::io::Error::new(std::io::ErrorKind::InvalidData, why))?;
            Ok(file::save(&home, thread, &call_id, &bytes)?)
        };
        let saved = in_background(SAVE_TIMEOUT, save).await.flatten();
        if let Err(error) = &saved {
            tracing::warn!(%error, "an image that was made could not be saved");
        }
        Ok(Drawn { made, url, saved })
    }
}

/// What the model gets: the image, and where it is.
fn output(
    cx: &CallContext,
    url: Result<String, ImageError>,
    saved: &Result<PathBuf, FileError>,
) -> FunctionOutput {
    let mut text = match saved {
        Ok(path) => format!(
            "The image was saved as {}.\nThe user has been shown it: neither link nor embed it in your answer. If it is \
             needed elsewhere, copy it; leave this file where it is unless the user wants it deleted.",
            path.display()
        ),
        Err(error) => {
            format!("The user has been shown the image, but it could not be saved as a file: {error}")
        }
    };
    let mut parts = Vec::new();
    match url {
        Ok(url) => parts.push(ContentItem::InputImage {
            image_url: Some(url),
            file_id: None,
            detail: Some(cx.image_detail.to_owned()),
            extra: Extra::new(),
        }),
        Err(why) => text = format!("{text}\nIt can't be shown to you: {why}"),
    }
    parts.push(ContentItem::input_text(text));
    FunctionOutput::Parts(parts)
}
