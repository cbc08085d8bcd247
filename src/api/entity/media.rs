//! MediaAttachment.

use serde::Serialize;

use crate::model::{self, Attachment, CacheClass, MediaKind, Upload, UploadState};
use crate::service::cached_file;
use crate::site::Site;

/// Something attached to a status.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Media {
    #[serde(serialize_with = "super::id")]
    id: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    url: Option<String>,
    preview_url: Option<String>,
    remote_url: Option<String>,
    preview_remote_url: Option<String>,
    text_url: (),
    meta: Meta,
    description: Option<String>,
    blurhash: Option<String>,
}

/// What is known of the file. The words about sound and time beside `original` are those of
/// older clients.
#[derive(Clone, Debug, Default, Serialize)]
struct Meta {
    #[serde(skip_serializing_if = "Option::is_none")]
    focus: Option<Focus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<Details>,
    #[serde(skip_serializing_if = "Option::is_none")]
    small: Option<Details>,
    /// Hours, minutes and seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fps: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_encode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_bitrate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_channels: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Focus {
    x: f64,
    y: f64,
}

/// Sizes as far as the author's server told them.
#[derive(Clone, Debug, Default, Serialize)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aspect: Option<f64>,
    /// Pictures a second, as a fraction.
    #[serde(skip_serializing_if = "Option::is_none")]
    frame_rate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
    /// Bits a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    bitrate: Option<i64>,
}

fn word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Unknown => "unknown",
        MediaKind::Image => "image",
        MediaKind::Gifv => "gifv",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
    }
}

fn sized((width, height): (i64, i64)) -> Details {
    Details {
        width: Some(width),
        height: Some(height),
        size: Some(format!("{width}x{height}")),
        #[allow(clippy::cast_precision_loss)]
        aspect: Some(width as f64 / height as f64),
        ..Details::default()
    }
}

/// What is known of an upload.
fn meta(upload: &Upload) -> Meta {
    let sides = upload.width.zip(upload.height).map(sized);
    let small = upload.preview_width.zip(upload.preview_height).map(sized);
    let own_preview = sides.clone().filter(|_| upload.kind == MediaKind::Image);
    let mut meta = Meta {
        focus: upload.focus.map(|(x, y)| Focus { x, y }),
        small: small.or(own_preview),
        original: sides,
        ..Meta::default()
    };
    let Some(duration) = upload.duration else { return meta };
    meta.original = Some(Details {
        frame_rate: upload.frame_rate.clone(),
        duration: Some(duration),
        bitrate: upload.bitrate,
        ..meta.original.unwrap_or_default()
    });
    meta.length = Some(length(duration));
    meta.duration = Some(duration);
    meta.fps = upload.frame_rate.as_deref().and_then(whole);
    if let Some(sound) = &upload.sound {
        meta.audio_encode = Some(sound.codec.clone());
        meta.audio_bitrate = Some(format!("{} Hz", sound.sample_rate));
        meta.audio_channels = Some(match sound.channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            many => format!("{many} channels"),
        });
    }
    meta
}

/// `0:01:28.65`
fn length(seconds: f64) -> String {
    #[allow(clippy::cast_possible_truncation)] // at most some hours
    let hundredths = (seconds * 100.0) as i64;
    let (minutes, rest) = (hundredths / 6000, hundredths % 6000);
    format!("{}:{:02}:{:02}.{:02}", minutes / 60, minutes % 60, rest / 100, rest % 100)
}

/// A fraction as the nearest whole number.
fn whole(fraction: &str) -> Option<i64> {
    let (count, ticks) = fraction.split_once('/')?;
    let (count, ticks) = (count.parse::<f64>().ok()?, ticks.parse::<f64>().ok()?);
    #[allow(clippy::cast_possible_truncation)] // at most 120
    (ticks > 0.0).then(|| (count / ticks).round() as i64)
}

impl Media {
    /// The shape of what is attached to a status.
    pub(crate) fn new(site: &Site, attachment: &Attachment) -> Self {
        match attachment {
            Attachment::Remote(media) => Self::remote(site, media),
            Attachment::Upload(upload) => Self::upload(site, upload),
        }
    }

    /// The shape of an upload. While it is processed it has no address.
    pub(crate) fn upload(site: &Site, upload: &Upload) -> Self {
        let ready = upload.state == UploadState::Ready;
        Self {
            id: upload.id,
            kind: word(upload.kind),
            url: ready.then(|| site.upload(upload.store, &upload.file())),
            preview_url: upload
                .preview()
                .filter(|_| ready)
                .map(|name| site.upload(upload.store, &name)),
            remote_url: None,
            preview_remote_url: None,
            text_url: (),
            meta: meta(upload),
            description: upload.description.clone(),
            blurhash: upload.blurhash.clone(),
        }
    }

    /// The shape of a file elsewhere.
    fn remote(site: &Site, media: &model::Media) -> Self {
        let sides = media.width.zip(media.height).filter(|(w, h)| *w > 0 && *h > 0);
        let still = sides.map(sized);
        let original = match (still.clone(), media.duration) {
            (Some(details), duration) => Some(Details { duration, ..details }),
            (None, Some(_)) => Some(Details { duration: media.duration, ..Details::default() }),
            (None, None) => None,
        };
        // what could not be had lately is a link, as what nobody knows how to show (F-300)
        let kind = if media.unavailable { MediaKind::Unknown } else { media.kind };
        let (original, small) = match kind {
            MediaKind::Unknown => (original, None),
            _ => (original, still),
        };
        let address =
            |class, url: &str, declared| cached_file::address(site, class, media.id, url, declared);
        let declared = media.media_type.as_deref();
        let url = match kind {
            MediaKind::Unknown => media.remote_url.clone(),
            _ => address(CacheClass::Original, &media.remote_url, declared),
        };
        let preview_url = match (&media.preview_remote_url, kind) {
            (_, MediaKind::Unknown) => None,
            (Some(preview), _) => Some(address(CacheClass::Preview, preview, None)),
            (None, MediaKind::Image) => {
                Some(address(CacheClass::Preview, &media.remote_url, declared))
            }
            (None, _) => None,
        };
        Self {
            id: media.id,
            kind: word(kind),
            url: Some(url),
            preview_url,
            remote_url: Some(media.remote_url.clone()),
            preview_remote_url: media.preview_remote_url.clone(),
            text_url: (),
            meta: Meta {
                focus: media.focus.map(|(x, y)| Focus { x, y }),
                original,
                small,
                ..Meta::default()
            },
            description: media.description.clone(),
            blurhash: media.blurhash.clone(),
        }
    }
}
