//! A preview that is made while the rows of an image go by.

use ::image::{DynamicImage, GrayImage, RgbImage, RgbaImage};

use super::pixels;

/// Gathers rows; the average of the pixels that come to lie on one is what is seen.
pub(super) struct Shrink {
    width: usize,
    height: usize,
    channels: usize,
    to: (usize, usize),
    /// How many rows came.
    rows: usize,
    /// Of the row that is gathered: for each pixel its channels, and their weight.
    sums: Vec<u64>,
    out: Vec<u8>,
}

impl Shrink {
    /// For an image of this size with 1, 3 or 4 channels, to at most so many pixels.
    pub(super) fn new(width: u32, height: u32, channels: usize, most: u64) -> Self {
        let (to_width, to_height) = pixels::fitting(width, height, most).unwrap_or((width, height));
        let to = (to_width as usize, to_height as usize);
        Self {
            width: width as usize,
            height: height as usize,
            channels,
            to,
            rows: 0,
            sums: vec![0; to.0 * (channels + 1)],
            out: Vec::with_capacity(to.0 * to.1 * channels),
        }
    }

    /// The next row.
    pub(super) fn push(&mut self, row: &[u8]) {
        if self.rows >= self.height || row.len() != self.width * self.channels {
            return;
        }
        let parts = self.sums.chunks_exact_mut(self.channels + 1).enumerate();
        for (x, sum) in parts {
            let start = x * self.width / self.to.0;
            let end = (x + 1) * self.width / self.to.0;
            let part = &row[start * self.channels..end * self.channels];
            for pixel in part.chunks_exact(self.channels) {
                // what cannot be seen has no colour
                let weight = if self.channels == 4 { u64::from(pixel[3]) } else { 1 };
                let (colours, last) = sum.split_at_mut(self.channels);
                last[0] += weight;
                if self.channels == 4 {
                    colours[0] += u64::from(pixel[0]) * weight;
                    colours[1] += u64::from(pixel[1]) * weight;
                    colours[2] += u64::from(pixel[2]) * weight;
                    // how many there are: transparency is their average
                    colours[3] += 1;
                } else {
                    for (sum, value) in colours.iter_mut().zip(pixel) {
                        *sum += u64::from(*value);
                    }
                }
            }
        }
        let line = |rows: usize| rows * self.to.1 / self.height;
        self.rows += 1;
        if self.rows == self.height || line(self.rows) != line(self.rows - 1) {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let average = |sum: u64, count: u64| {
            u8::try_from((sum + count / 2).checked_div(count).unwrap_or(0)).unwrap_or(255)
        };
        for sum in self.sums.chunks_exact_mut(self.channels + 1) {
            let weight = sum[self.channels];
            let colours = self.channels.min(3);
            for value in &sum[..colours] {
                self.out.push(average(*value, weight));
            }
            if self.channels == 4 {
                self.out.push(average(weight, sum[3]));
            }
            sum.fill(0);
        }
    }

    /// The small image, once all rows came.
    pub(super) fn finish(self) -> Option<DynamicImage> {
        let (width, height) = (u32::try_from(self.to.0).ok()?, u32::try_from(self.to.1).ok()?);
        Some(match self.channels {
            1 => GrayImage::from_raw(width, height, self.out)?.into(),
            3 => RgbImage::from_raw(width, height, self.out)?.into(),
            _ => RgbaImage::from_raw(width, height, self.out)?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pixels_are_averaged_by_what_is_seen_of_them() {
        let mut shrink = Shrink::new(2, 2, 4, 1);
        shrink.push(&[200, 0, 0, 255, 0, 0, 0, 0]);
        shrink.push(&[100, 0, 0, 255, 9, 9, 9, 0]);
        let image = shrink.finish().unwrap().into_rgba8();
        assert_eq!(image.get_pixel(0, 0).0, [150, 0, 0, 128]);
    }

    proptest! {
        #[test]
        fn a_flat_image_stays_flat(
            width in 1..200_u32, height in 1..200_u32, most in 1..5000_u64,
            channels in 0..3_usize, value: u8,
        ) {
            let channels = [1, 3, 4][channels];
            let mut pixel = vec![value; channels];
            if channels == 4 {
                pixel[3] = 255;
            }
            let mut shrink = Shrink::new(width, height, channels, most);
            let row = pixel.repeat(width as usize);
            (0..height).for_each(|_| shrink.push(&row));
            let image = shrink.finish().unwrap();
            prop_assert!(image.width() <= width && image.height() <= height);
            for other in image.as_bytes().chunks_exact(channels) {
                prop_assert_eq!(other, &pixel[..]);
            }
        }
    }
}
