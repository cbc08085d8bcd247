//! A whole upload: what [`Media::decode`] makes of it, with what `ffmpeg` adds for videos.

use super::{Container, Conversion, Scratch, Video};
use crate::error::{Error, Result};
use crate::media::image::{Made, Order, Outcome, Written};
use crate::media::{Media, child, video};

impl Media {
    /// Carries the order of an upload out: a video in HEVC is made into H.264 first, of at most
    /// `max_bytes`, and what is a video gets a still as its preview, where the programs for that
    /// are there. For the lane that decodes.
    ///
    /// # Errors
    /// When the server stops meanwhile, or the disk is full.
    pub fn make(&self, order: &Order, max_bytes: u64) -> Result<Outcome> {
        let outcome = match self.decode(order)? {
            Outcome::Converter { codec, seconds, .. } if codec == video::HEVC => {
                self.make_converted(order, seconds, max_bytes)?
            }
            outcome => outcome,
        };
        match outcome {
            Outcome::Made(made) => self.with_still(order, made).map(Outcome::Made),
            outcome => Ok(outcome),
        }
    }

    /// Has a video converted, and what comes of that cleaned like any other.
    fn make_converted(&self, order: &Order, seconds: f64, max_bytes: u64) -> Result<Outcome> {
        let converted = Scratch::new(&order.output, "h264");
        let conversion = self.convert_video(&Video {
            input: &order.input,
            container: Container::Mp4,
            output: &converted.stem,
            duration: seconds,
            max_bytes,
        })?;
        match conversion {
            Conversion::Done => {
                let order = Order { input: converted.stem.clone(), ..order.clone() };
                child::run(&self.program, &order, &self.stopping)
            }
            Conversion::Refused(sentence) => Ok(Outcome::Refused(sentence)),
        }
    }

    /// Gives a video a still as its preview. One of which none can be had goes without.
    fn with_still(&self, order: &Order, mut made: Made) -> Result<Made> {
        let container = match made.full.extension.as_str() {
            "mp4" => Container::Mp4,
            "webm" => Container::WebM,
            _ => return Ok(made),
        };
        // a place of its own: the video lies where a preview would be written
        let place = Scratch::new(&order.output, "preview");
        let input = order.full();
        let still = self.still_preview(&input, container, &place.stem, order.max_pixels)?;
        let Some(still) = still else { return Ok(made) };
        std::fs::rename(place.with(".full"), order.small()).map_err(Error::internal)?;
        let extension = format!("small.{}", still.full.extension);
        made.small = Some(Written { extension, ..still.full });
        made.blurhash = still.blurhash;
        Ok(made)
    }
}
