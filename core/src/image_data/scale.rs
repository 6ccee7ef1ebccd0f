//! Scaling images down.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat};

use super::{Bounds, ImageError, decoder};

/// Of 100; what is lost can't be seen.
const JPEG_QUALITY: u8 = 85;

/// An image that fits into these bounds: a JPEG of a JPEG, a PNG of anything else. Of an animation, its first frame.
pub(super) fn to_fit(
    bytes: &[u8],
    format: ImageFormat,
    bounds: Bounds,
) -> Result<(ImageFormat, Vec<u8>), ImageError> {
    let mut decoder = decoder(bytes, format)?;
    // What is written has no metadata. An image without, or with broken ones, stands as it lies.
    let orientation = decoder.orientation().ok();
    let mut image = DynamicImage::from_decoder(decoder)?;
    let (from_width, from_height) = (image.width(), image.height());
    let (width, height) = bounds
        .fit(from_width, from_height)
        .unwrap_or((from_width, from_height));
    // Averages of whole pixels are cheap, and good enough far above the size that is wanted.
    if from_width.max(from_height) > 2 * width.max(height) {
        image = image.thumbnail_exact((2 * width).min(from_width), (2 * height).min(from_height));
    }
    image = image.resize_exact(width, height, FilterType::Triangle);
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    let image = with_8_bits(image);
    let mut out = Vec::new();
    if format == ImageFormat::Jpeg {
        image.write_with_encoder(JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY))?;
        Ok((ImageFormat::Jpeg, out))
    } else {
        image.write_to(&mut Cursor::new(&mut out), ImageFormat::Png)?;
        Ok((ImageFormat::Png, out))
    }
}

/// With eight bits per channel; JPEG knows no others, and models need no more.
fn with_8_bits(image: DynamicImage) -> DynamicImage {
    let color = image.color();
    match (color.has_color(), color.has_alpha()) {
        (false, false) => image.into_luma8().into(),
        (true, false) => image.into_rgb8().into(),
        (_, true) => image.into_rgba8().into(),
    }
}
