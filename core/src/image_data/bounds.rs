//! How large an image may be for models, by the detail that they are to see of it.

/// Side of the squares that models see images as, in pixels.
const PATCH: f64 = 32.0;

/// What a model takes of an image. The catalogue of models says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Longest side, in pixels.
    side: u32,
    /// Most squares of 32 pixels a side, those counted that are only begun.
    patches: u32,
}

impl Bounds {
    /// For images that are to be seen as they are.
    const ORIGINAL: Self = Self {
        side: 6000,
        patches: 10_000,
    };
    /// For all others.
    const SCALED: Self = Self {
        side: 2048,
        patches: 2500,
    };

    /// Those of an image that is sent with this `detail`.
    pub(crate) fn of_detail(detail: &str) -> Self {
        if detail == "original" {
            Self::ORIGINAL
        } else {
            Self::SCALED
        }
    }

    /// Width and height of an image that is scaled down to what fits. `None`: it fits as it is.
    pub(super) fn fit(self, width: u32, height: u32) -> Option<(u32, u32)> {
        let (to_width, to_height) = self.within_patches(self.within_side(width, height));
        ((to_width, to_height) != (width, height)).then_some((to_width, to_height))
    }

    fn within_side(self, width: u32, height: u32) -> (u32, u32) {
        let longest = width.max(height);
        if longest <= self.side {
            return (width, height);
        }
        // Rounded; what is divided by more than it was multiplied with fits.
        let scaled = |length: u32| {
            let length =
                (u64::from(length) * u64::from(self.side) + u64::from(longest) / 2) / u64::from(longest);
            u32::try_from(length).unwrap_or(self.side).max(1)
        };
        (scaled(width), scaled(height))
    }

    /// As large as possible with whole squares in one direction.
    fn within_patches(self, (width, height): (u32, u32)) -> (u32, u32) {
        let patches = |length: u32| (f64::from(length) / PATCH).ceil();
        if patches(width) * patches(height) <= f64::from(self.patches) {
            return (width, height);
        }
        let (wide, high) = (f64::from(width), f64::from(height));
        let by_area = (PATCH * PATCH * f64::from(self.patches) / (wide * high)).sqrt();
        let of_whole = |length: f64| {
            let patches = length * by_area / PATCH;
            patches.floor() / patches
        };
        let scale = by_area * of_whole(wide).min(of_whole(high));
        (whole(wide * scale), whole(high * scale))
    }
}

/// Whole pixels, one at least.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is scaled down is smaller than the length of a side, and not negative"
)]
fn whole(length: f64) -> u32 {
    (length as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_scaled_to_the_side_and_then_to_whole_patches() {
        for (detail, size, expected) in [
            ("original", (3000, 2500), None),
            ("original", (4321, 1234), None),
            ("original", (6001, 100), Some((6000, 100))),
            ("original", (100, 9000), Some((67, 6000))),
            ("original", (5000, 5000), Some((3200, 3200))),
            ("original", (4000, 3000), Some((3669, 2752))),
            ("original", (7000, 3100), Some((4769, 2112))),
            ("high", (1600, 1600), None),
            ("high", (2049, 100), Some((2048, 100))),
            ("high", (3000, 2500), Some((1727, 1440))),
            ("high", (2048, 2048), Some((1600, 1600))),
            ("low", (1601, 1601), Some((1600, 1600))),
            ("auto", (1700, 1500), Some((1668, 1472))),
        ] {
            let (width, height) = size;
            assert_eq!(Bounds::of_detail(detail).fit(width, height), expected, "{size:?}");
        }
    }

    #[test]
    fn the_thinnest_images_keep_a_pixel() {
        for size in [(16_384, 1), (1, 16_384)] {
            for detail in ["original", "high"] {
                let (width, height) = Bounds::of_detail(detail).fit(size.0, size.1).expect("too long");
                assert!(width >= 1 && height >= 1, "{width} x {height}");
            }
        }
    }
}
