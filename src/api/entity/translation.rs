//! Translation, and the texts of a status that are translated.

use serde::Serialize;

use crate::model::{Attachment, Status, Translated};
use crate::text::sanitize;

/// A status in another language.
#[derive(Debug, Serialize)]
pub(crate) struct Translation {
    content: String,
    spoiler_text: String,
    language: String,
    media_attachments: Vec<Described>,
    poll: Option<Choices>,
    detected_source_language: String,
    provider: &'static str,
}

#[derive(Debug, Serialize)]
struct Described {
    id: String,
    description: String,
}

#[derive(Debug, Serialize)]
struct Choices {
    id: String,
    options: Vec<Choice>,
}

#[derive(Debug, Serialize)]
struct Choice {
    title: String,
}

/// What there is to translate, as HTML: the text, the warning, the choices, the descriptions.
/// Custom emojis are marked as no words.
pub(crate) fn texts(status: &Status, media: &[Attachment]) -> Vec<String> {
    let keep = |html: String| {
        status.emojis.iter().fold(html, |html, emoji| {
            let code = format!(":{}:", emoji.shortcode);
            html.replace(&code, &format!("<span translate=\"no\">{code}</span>"))
        })
    };
    let plain = |text: &str| keep(sanitize::escape(text));
    let options = status.poll.iter().flat_map(|poll| &poll.options).map(|(title, _)| plain(title));
    let descriptions = media.iter().filter_map(Attachment::description).map(plain);
    [keep(status.content.clone()), plain(&status.spoiler_text)]
        .into_iter()
        .chain(options)
        .chain(descriptions)
        .collect()
}

impl Translation {
    /// From what was made of [`texts`]. The service is as foreign as any other server: its HTML
    /// is sanitised.
    pub(crate) fn new(
        status: &Status,
        media: &[Attachment],
        translated: &Translated,
        language: String,
        provider: &'static str,
    ) -> Self {
        let mut texts = translated.texts.iter();
        let mut next = || texts.next().map(String::as_str).unwrap_or_default();
        let plain = |html: &str| sanitize::to_plain(html).trim().to_owned();
        Self {
            content: sanitize::html(next()).html,
            spoiler_text: plain(next()),
            poll: status.poll.as_ref().map(|poll| Choices {
                id: status.id.to_string(),
                options: poll.options.iter().map(|_| Choice { title: plain(next()) }).collect(),
            }),
            media_attachments: media
                .iter()
                .filter(|one| one.description().is_some())
                .map(|one| Described { id: one.id().to_string(), description: plain(next()) })
                .collect(),
            language,
            detected_source_language: translated.source.clone(),
            provider,
        }
    }
}
