//! Images for the model: whether bytes are an image, and one that is no larger than models take
//! (docs/contract/turns.md#images).
//!
//! An image may be anything, so its header is checked before a pixel is decoded, and all work is done on other threads.
//! An image within the limits stays as it is, byte for byte; it is decoded all the same, because a damaged one would make
//! every later request of its thread fail.

mod bounds;
mod scale;
#[cfg(test)]
mod tests;

use std::io::{self, Cursor};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

pub(crate) use self::bounds::Bounds;

use crate::external_file::{self, FileError, READ_TIMEOUT, in_background};
use crate::hex::hex;
use crate::sys::files::place_of;

/// Largest image file, in bytes. Servers refuse more.
const MAX_BYTES: usize = 20 << 20;
/// Longest side of an image that is scaled down, in pixels.
const MAX_SIDE: u32 = 16_384;
/// Most pixels of an image that is scaled down.
const MAX_PIXELS: u64 = 100_000_000;
/// Most memory that the pixels of an image may take: 8-bit colours with transparency.
const MAX_DECODED_BYTES: u64 = 4 * MAX_PIXELS;
/// Deadline for decoding and scaling an image, including the wait for others.
const WORK_TIMEOUT: Duration = Duration::from_secs(60);

/// Images that are read and checked at the same time: a bound for memory.
static CHECKS: Semaphore = Semaphore::const_new(4);
/// Images that are scaled at the same time; one may take 400 MB for its pixels.
static SCALINGS: Semaphore = Semaphore::const_new(1);

/// Why an image can't be had. The message has no path.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    /// The file can't be read.
    #[error("{0}")]
    File(#[from] FileError),
    /// A URL without inline data.
    #[error("it is no inline image in base64")]
    NotInline,
    /// Something else.
    #[error("it is no PNG, JPEG, GIF or WebP image")]
    UnknownKind,
    /// More pixels than are decoded.
    #[error(
        "it has {width} x {height} pixels; the most is {MAX_PIXELS}, {MAX_SIDE} on a side and {MAX_DECODED_BYTES} bytes \
         decoded"
    )]
    TooManyPixels {
        /// Pixels per line.
        width: u32,
        /// Lines.
        height: u32,
    },
    /// It begins like an image, but is none.
    #[error("it can't be decoded: {0}")]
    Damaged(#[from] image::ImageError),
    /// The decoder failed in a way that it should not.
    #[error("it can't be decoded: {0}")]
    DecoderFailed(#[from] tokio::task::JoinError),
    /// Too much work, or too many images before it.
    #[error("it could not be decoded within {} s", WORK_TIMEOUT.as_secs())]
    TimedOut,
}

/// What a look at an image has found.
enum Looked {
    /// It can be sent as this data URL.
    Fits(String),
    /// It must be scaled down.
    TooLarge(Vec<u8>, ImageFormat),
}

/// What stands in the place of a sound.
pub(crate) const NO_AUDIO: &str = "A sound was left out here: the model takes no audio";

/// What stands in the place of an image that can't be sent.
pub(crate) fn left_out(reason: &ImageError) -> String {
    format!("An image was left out here: {reason}")
}

/// Whether a file at this place, which is absolute and without links, may be read. It blocks.
pub(crate) type MayBeRead = Box<dyn FnOnce(&Path) -> bool + Send>;

/// An image file of at most 20 MiB as a data URL, scaled down if models don't take it as it is. `may_be_read` judges what
/// was opened, whatever has the name by then.
pub(crate) async fn read_as_url(
    path: &Path,
    bounds: Bounds,
    may_be_read: Option<MayBeRead>,
) -> Result<String, ImageError> {
    read(path, bounds, may_be_read, |_| ()).await.map(|(url, ())| url)
}

/// The same, and the SHA-256 of the file in hexadecimal.
pub(crate) async fn read_with_hash(
    path: &Path,
    bounds: Bounds,
    may_be_read: Option<MayBeRead>,
) -> Result<(String, String), ImageError> {
    read(path, bounds, may_be_read, |bytes| hex(&Sha256::digest(bytes))).await
}

async fn read<T: Send + 'static>(
    path: &Path,
    bounds: Bounds,
    may_be_read: Option<MayBeRead>,
    note: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Result<(String, T), ImageError> {
    let path = path.to_owned();
    let read = move || {
        let (file, _) = external_file::open(&path)?;
        if let Some(may_be_read) = may_be_read
            && !may_be_read(&place_of(&file)?)
        {
            return Err(FileError::Io(io::ErrorKind::PermissionDenied.into()));
        }
        external_file::read_open(&file, MAX_BYTES)
    };
    within_deadline(bounds, async {
        let _one_of_few = CHECKS.acquire().await;
        let bytes = in_background(READ_TIMEOUT, read).await.flatten()?;
        let work = move || {
            let noted = note(&bytes);
            Ok((look(bytes, None, bounds)?, noted))
        };
        tokio::task::spawn_blocking(work).await?
    })
    .await
}

/// An image in a data URL: the same URL, or one of a smaller image if models don't take this one. Fails for what is no
/// image, is larger than 20 MiB, or is no data URL.
pub(crate) async fn fit_url(url: String, bounds: Bounds) -> Result<String, ImageError> {
    within_deadline(bounds, async {
        let _one_of_few = CHECKS.acquire().await;
        let work = move || Ok((look(decode_url(&url)?, Some(url), bounds)?, ()));
        tokio::task::spawn_blocking(work).await?
    })
    .await
    .map(|(url, ())| url)
}

/// The same of an image in base64, of whatever kind it is.
pub(crate) async fn fit_base64(data: String, bounds: Bounds) -> Result<String, ImageError> {
    within_deadline(bounds, async {
        let _one_of_few = CHECKS.acquire().await;
        let work = move || Ok((look(decode(&data)?, None, bounds)?, ()));
        tokio::task::spawn_blocking(work).await?
    })
    .await
    .map(|(url, ())| url)
}

/// The URL of what was found, with what was noted on the way.
async fn within_deadline<T>(
    bounds: Bounds,
    looking: impl Future<Output = Result<(Looked, T), ImageError>>,
) -> Result<(String, T), ImageError> {
    let work = async {
        let (found, noted) = looking.await?;
        let url = match found {
            Looked::Fits(url) => url,
            Looked::TooLarge(bytes, format) => {
                let my_turn = SCALINGS.acquire().await;
                tokio::task::spawn_blocking(move || {
                    // Held by the work: what nobody waits for any more takes its memory all the same.
                    let _my_turn = my_turn;
                    let (format, bytes) = scale::to_fit(&bytes, format, bounds)?;
                    Ok::<_, ImageError>(data_url(format, &bytes))
                })
                .await??
            }
        };
        Ok((url, noted))
    };
    tokio::time::timeout(WORK_TIMEOUT, work)
        .await
        .unwrap_or(Err(ImageError::TimedOut))
}

/// Checks an image; `url` is the one that it came in.
fn look(bytes: Vec<u8>, url: Option<String>, bounds: Bounds) -> Result<Looked, ImageError> {
    let format = kind(&bytes).ok_or(ImageError::UnknownKind)?;
    let decoder = decoder(&bytes, format)?;
    let (width, height) = decoder.dimensions();
    if bounds.fit(width, height).is_some() {
        drop(decoder);
        return Ok(Looked::TooLarge(bytes, format));
    }
    DynamicImage::from_decoder(decoder)?;
    Ok(Looked::Fits(url.unwrap_or_else(|| data_url(format, &bytes))))
}

/// Kind of an image by its first bytes; names lie.
fn kind(bytes: &[u8]) -> Option<ImageFormat> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some(ImageFormat::Png),
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [b'G', b'I', b'F', b'8', ..] => Some(ImageFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// Reads the header of an image, and fails if there is more to decode than is good.
fn decoder(bytes: &[u8], format: ImageFormat) -> Result<impl ImageDecoder, ImageError> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > MAX_SIDE
        || u64::from(width) * u64::from(height) > MAX_PIXELS
        || decoder.total_bytes() > MAX_DECODED_BYTES
    {
        return Err(ImageError::TooManyPixels { width, height });
    }
    Ok(decoder)
}

fn data_url(format: ImageFormat, bytes: &[u8]) -> String {
    let mut url = format!("data:{};base64,", format.to_mime_type());
    STANDARD.encode_string(bytes, &mut url);
    url
}

/// The bytes of an image in a data URL.
fn decode_url(url: &str) -> Result<Vec<u8>, ImageError> {
    let data = url
        .strip_prefix("data:image/")
        .and_then(|rest| rest.split_once(";base64,"));
    decode(data.ok_or(ImageError::NotInline)?.1)
}

/// The bytes of an image in base64, 20 MiB at most. Blocks for as long as that takes.
pub(crate) fn decode(data: &str) -> Result<Vec<u8>, ImageError> {
    // Four characters are three bytes.
    if data.len() / 4 > MAX_BYTES / 3 {
        return Err(FileError::TooLarge(MAX_BYTES).into());
    }
    STANDARD.decode(data).map_err(|_| ImageError::NotInline)
}
