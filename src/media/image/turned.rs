//! An image seen as its camera meant it, without a second copy of its pixels: a large photo that
//! was taken upright would need twice the memory otherwise.

use ::image::metadata::Orientation;
use ::image::{GenericImageView, ImageBuffer, Pixel};

/// A view of an image, turned or mirrored.
pub(super) struct Turned<'a, P: Pixel<Subpixel = u8>> {
    image: &'a ImageBuffer<P, Vec<u8>>,
    turn: Turn,
}

/// Which pixel is seen at a place: `at(x, y)` and the size that is seen.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    orientation: Orientation,
    /// Of the image as it is stored.
    width: u32,
    height: u32,
}

impl Turn {
    pub(super) fn new(orientation: Orientation, width: u32, height: u32) -> Self {
        Self { orientation, width, height }
    }

    /// Width and height as they are seen.
    pub(super) fn size(self) -> (u32, u32) {
        if is_quarter(self.orientation) {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        }
    }

    /// Where the pixel is stored that is seen at `x`, `y`; both lie inside of what is seen.
    pub(super) fn source(self, x: u32, y: u32) -> (u32, u32) {
        let (right, bottom) = (self.width - 1, self.height - 1);
        match self.orientation {
            Orientation::NoTransforms => (x, y),
            Orientation::FlipHorizontal => (right - x, y),
            Orientation::Rotate180 => (right - x, bottom - y),
            Orientation::FlipVertical => (x, bottom - y),
            Orientation::Rotate90FlipH => (y, x),
            Orientation::Rotate90 => (y, bottom - x),
            Orientation::Rotate270FlipH => (right - y, bottom - x),
            Orientation::Rotate270 => (right - y, x),
        }
    }
}

/// Whether width and height change places.
pub(super) fn is_quarter(orientation: Orientation) -> bool {
    orientation.to_exif() >= 5
}

impl<'a, P: Pixel<Subpixel = u8>> Turned<'a, P> {
    pub(super) fn new(image: &'a ImageBuffer<P, Vec<u8>>, orientation: Orientation) -> Self {
        Self { image, turn: Turn::new(orientation, image.width(), image.height()) }
    }
}

impl<P: Pixel<Subpixel = u8>> GenericImageView for Turned<'_, P> {
    type Pixel = P;

    fn dimensions(&self) -> (u32, u32) {
        self.turn.size()
    }

    fn get_pixel(&self, x: u32, y: u32) -> P {
        let (x, y) = self.turn.source(x, y);
        *self.image.get_pixel(x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::image::{DynamicImage, Rgb, RgbImage};

    #[test]
    fn it_looks_as_if_it_had_been_turned() {
        let pixel = |x: u32, y: u32| Rgb([x as u8, y as u8, 7]);
        let image = RgbImage::from_fn(5, 3, pixel);
        for number in 1..=8 {
            let orientation = Orientation::from_exif(number).unwrap();
            let view = Turned::new(&image, orientation);
            let mut turned = DynamicImage::ImageRgb8(image.clone());
            turned.apply_orientation(orientation);
            let turned = turned.into_rgb8();
            assert_eq!(view.dimensions(), turned.dimensions(), "{number}");
            for (x, y, pixel) in turned.enumerate_pixels() {
                assert_eq!(view.get_pixel(x, y), *pixel, "{number}: {x} {y}");
            }
        }
    }
}
