//! Images of all kinds, also of the bad ones.

use std::fs;

use image::{ImageBuffer, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;

use super::*;

const FORMATS: [ImageFormat; 4] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::Gif,
    ImageFormat::WebP,
];

fn high() -> Bounds {
    Bounds::of_detail("high")
}

/// Red on the left, blue on the right.
fn two_colors(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 {
            Rgb([255, 0, 0])
        } else {
            Rgb([0, 0, 255])
        }
    })
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.into().write_to(&mut out, format).expect("encoded");
    out.into_inner()
}

/// The image of a data URL, and its kind.
fn opened(url: &str) -> (ImageFormat, DynamicImage) {
    let bytes = decode_url(url).expect("a data URL");
    let format = kind(&bytes).expect("an image");
    assert!(url.starts_with(&format!("data:{};base64,", format.to_mime_type())));
    let image = image::load_from_memory_with_format(&bytes, format).expect("an image");
    (format, image)
}

async fn fit(bytes: &[u8]) -> Result<String, ImageError> {
    fit_url(data_url(ImageFormat::Png, bytes), high()).await
}

async fn refusal(bytes: &[u8]) -> String {
    fit(bytes).await.expect_err("refused").to_string()
}

/// A PNG of this size with no pixels in it.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut png = encoded(two_colors(1, 1), ImageFormat::Png);
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = flate2::Crc::new();
    crc.update(&png[12..29]);
    png[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    png
}

#[tokio::test]
async fn images_within_the_limits_pass_byte_for_byte() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("picture.txt");
    for format in FORMATS {
        for (width, height) in [(1, 1), (40, 30), (2048, 1)] {
            let bytes = encoded(two_colors(width, height), format);
            fs::write(&path, &bytes).expect("written");
            let url = data_url(format, &bytes);
            assert_eq!(
                read_as_url(&path, high(), None).await.expect("an image"),
                url,
                "{format:?}"
            );
            assert_eq!(
                fit_url(url.clone(), high()).await.expect("an image"),
                url,
                "{format:?}"
            );
        }
    }
}

#[tokio::test]
async fn larger_images_are_scaled_to_what_models_take() {
    for format in FORMATS {
        for (width, height, expected) in [
            (4096, 100, (2048, 50)),
            (100, 3000, (68, 2048)),
            (6000, 60, (2048, 20)),
            (16_000, 1, (2048, 1)),
        ] {
            let url = fit(&encoded(two_colors(width, height), format))
                .await
                .expect("an image");
            let (scaled, image) = opened(&url);
            assert_eq!((image.width(), image.height()), expected, "{format:?}");
            let kept = format == ImageFormat::Jpeg;
            assert_eq!(scaled, if kept { ImageFormat::Jpeg } else { ImageFormat::Png });
            let image = image.into_rgb8();
            let (left, right) = (image.get_pixel(5, 0), image.get_pixel(image.width() - 5, 0));
            assert!(left[0] > 200 && left[2] < 50, "{format:?} {left:?}");
            assert!(right[2] > 200 && right[0] < 50, "{format:?} {right:?}");
        }
    }
}

#[tokio::test]
async fn what_is_transparent_or_finer_than_8_bits_is_scaled_too() {
    let clear = RgbaImage::from_pixel(3000, 2, Rgba([0, 255, 0, 128]));
    let (_, image) = opened(&fit(&encoded(clear, ImageFormat::Png)).await.expect("an image"));
    assert_eq!(image.into_rgba8().get_pixel(9, 0), &Rgba([0, 255, 0, 128]));
    let fine: ImageBuffer<Rgb<u16>, _> = ImageBuffer::from_pixel(3000, 2, Rgb([0xffff_u16, 0, 0]));
    let (_, image) = opened(&fit(&encoded(fine, ImageFormat::Png)).await.expect("an image"));
    assert_eq!(image.color(), image::ColorType::Rgb8);
    assert_eq!(image.into_rgb8().get_pixel(9, 0), &Rgb([255, 0, 0]));
}

#[tokio::test]
async fn a_photo_that_was_taken_upright_stands_upright() {
    let jpeg = encoded(two_colors(3000, 30), ImageFormat::Jpeg);
    // Orientation 6: to be turned right by a quarter.
    let exif = b"\xff\xe1\x00\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let turned = [&jpeg[..2], exif, &jpeg[2..]].concat();
    let (_, image) = opened(&fit(&turned).await.expect("an image"));
    assert_eq!((image.width(), image.height()), (20, 2048));
    let image = image.into_rgb8();
    assert!(image.get_pixel(10, 5)[0] > 200 && image.get_pixel(10, 2040)[2] > 200);
}

#[tokio::test]
async fn bombs_cost_nothing() {
    let begun = std::time::Instant::now();
    for (width, height) in [(16_385, 1), (1, u32::MAX >> 1), (16_000, 16_000)] {
        assert!(
            refusal(&bomb(width, height))
                .await
                .contains(&format!("{width} x {height} pixels")),
            "{width} x {height}"
        );
    }
    let gif = b"GIF89a\xff\xff\xff\xff\x00\x00\x00\x2c\0\0\0\0\xff\xff\xff\xff\0\x08\0\x3b";
    assert!(refusal(gif).await.contains("65535 x 65535 pixels"));
    let fine: ImageBuffer<Rgba<u16>, Vec<u16>> = ImageBuffer::new(1, 1);
    let mut fine = encoded(fine, ImageFormat::Png);
    fine[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
    let mut crc = flate2::Crc::new();
    crc.update(&fine[12..29]);
    fine[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    assert!(refusal(&fine).await.contains("10000 x 10000 pixels"), "800 MB");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_is_no_image_or_a_damaged_one_is_named() {
    assert!(refusal(b"").await.contains("no PNG, JPEG, GIF or WebP"));
    assert!(refusal(b"<svg/>").await.contains("no PNG, JPEG, GIF or WebP"));
    for format in FORMATS {
        let whole = encoded(two_colors(300, 200), format);
        let refused = refusal(&whole[..20]).await;
        assert!(refused.contains("can't be decoded"), "{format:?} {refused}");
    }
    let mut png = encoded(two_colors(300, 200), ImageFormat::Png);
    png.truncate(png.len() / 2);
    assert!(refusal(&png).await.contains("can't be decoded"));
    for url in [
        "",
        "https://example.com/a.png",
        "data:image/png,abc",
        "data:image/png;base64,*",
    ] {
        let error = fit_url(url.to_owned(), high()).await.expect_err("refused");
        assert!(matches!(error, ImageError::NotInline), "{url}");
    }
    let large = fit(&vec![0; MAX_BYTES + 9]).await.expect_err("refused");
    assert!(matches!(large, ImageError::File(FileError::TooLarge(_))));
}

#[tokio::test]
async fn only_regular_files_of_bounded_size_are_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let refused = async |path: &Path| {
        read_as_url(path, high(), None)
            .await
            .expect_err("refused")
            .to_string()
    };
    assert!(refused(dir.path()).await.contains("a folder"));
    assert!(refused(Path::new("/dev/zero")).await.contains("a device"));
    let sparse = dir.path().join("sparse.png");
    let file = fs::File::create(&sparse).expect("a file");
    file.set_len(1 << 40).expect("a sparse file");
    assert!(refused(&sparse).await.contains("larger than 20971520 bytes"));
}

fn looked(bytes: Vec<u8>) {
    if let Ok(Looked::TooLarge(bytes, format)) = look(bytes, None, high()) {
        let _ = scale::to_fit(&bytes, format, high());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_never_panic(
        start in prop::sample::select(vec![
            &b""[..], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\x10\0\0\0WEBPVP8 ",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        looked([start, &rest].concat());
    }

    #[test]
    fn damaged_images_never_panic(
        which in 0..FORMATS.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encoded(two_colors(24, 16), FORMATS[which]);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        looked(bytes[..cut.index(bytes.len())].to_vec());
        looked(bytes);
    }
}
