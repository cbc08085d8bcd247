//! MediaAttachment.

use serde::Serialize;

use crate::model::{self, Attachment, MediaKind, Upload, UploadState};
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

#[derive(Clone, Debug, Serialize)]
struct Meta {
    #[serde(skip_serializing_if = "Option::is_none")]
    focus: Option<Focus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<Details>,
    #[serde(skip_serializing_if = "Option::is_none")]
    small: Option<Details>,
}

#[derive(Clone, Debug, Serialize)]
struct Focus {
    x: f64,
    y: f64,
}

/// Sizes as far as the author's server told them.
#[derive(Clone, Debug, Serialize)]
struct Details {
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aspect: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
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
        duration: None,
    }
}

impl Media {
    /// The shape of what is attached to a status.
    pub(crate) fn new(site: &Site, attachment: &Attachment) -> Self {
        match attachment {
            Attachment::Remote(media) => Self::remote(media),
            Attachment::Upload(upload) => Self::upload(site, upload),
        }
    }

    /// The shape of an upload. While it is processed it has no address.
    pub(crate) fn upload(site: &Site, upload: &Upload) -> Self {
        let ready = upload.state == UploadState::Ready;
        let original = upload.width.zip(upload.height).map(sized);
        let small = upload.preview_width.zip(upload.preview_height).map(sized);
        Self {
            id: upload.id,
            kind: word(upload.kind),
            url: ready.then(|| site.upload(upload.store, &upload.file())),
            preview_url: ready.then(|| site.upload(upload.store, &upload.preview())),
            remote_url: None,
            preview_remote_url: None,
            text_url: (),
            meta: Meta {
                focus: upload.focus.map(|(x, y)| Focus { x, y }),
                small: small.or_else(|| original.clone()),
                original,
            },
            description: upload.description.clone(),
            blurhash: upload.blurhash.clone(),
        }
    }

    /// The shape of a file elsewhere.
    fn remote(media: &model::Media) -> Self {
        let sides = media.width.zip(media.height).filter(|(w, h)| *w > 0 && *h > 0);
        let still = sides.map(sized);
        let original = match (still.clone(), media.duration) {
            (Some(details), duration) => Some(Details { duration, ..details }),
            (None, Some(_)) => Some(Details {
                width: None,
                height: None,
                size: None,
                aspect: None,
                duration: media.duration,
            }),
            (None, None) => None,
        };
        let image = media.kind == MediaKind::Image;
        Self {
            id: media.id,
            kind: word(media.kind),
            url: Some(media.remote_url.clone()),
            preview_url: media
                .preview_remote_url
                .clone()
                .or_else(|| image.then(|| media.remote_url.clone())),
            remote_url: Some(media.remote_url.clone()),
            preview_remote_url: media.preview_remote_url.clone(),
            text_url: (),
            meta: Meta { focus: media.focus.map(|(x, y)| Focus { x, y }), original, small: still },
            description: media.description.clone(),
            blurhash: media.blurhash.clone(),
        }
    }
}
