//! PreviewCard.

use serde::Serialize;

use super::tag::Day;
use crate::clock::api_time;
use crate::model::{CacheClass, Card};
use crate::service::cached_file;
use crate::site::Site;

/// What is behind the first link of a status.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PreviewCard {
    url: String,
    title: String,
    description: String,
    language: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    author_name: String,
    author_url: String,
    provider_name: String,
    provider_url: String,
    html: String,
    width: i64,
    height: i64,
    image: Option<String>,
    image_description: String,
    embed_url: String,
    blurhash: (),
    published_at: Option<String>,
    authors: Vec<Author>,
    /// How much it was shared lately; among the trends only.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<Day>>,
}

/// Who wrote what is behind the link.
#[derive(Clone, Debug, Serialize)]
struct Author {
    name: String,
    url: String,
    account: (),
}

impl PreviewCard {
    /// The shape of a stored card.
    pub(crate) fn new(site: &Site, card: Card) -> Self {
        let found = card.preview;
        let image = found.image.as_deref();
        let image =
            image.map(|url| cached_file::address(site, CacheClass::Card, card.id, url, None));
        let author =
            Author { name: found.author_name.clone(), url: found.author_url.clone(), account: () };
        Self {
            url: found.url,
            title: found.title,
            description: found.description,
            language: found.language,
            kind: found.kind.as_str(),
            author_name: found.author_name,
            author_url: found.author_url,
            provider_name: found.provider_name,
            provider_url: found.provider_url,
            html: found.html,
            width: found.width,
            height: found.height,
            image,
            image_description: found.image_description,
            embed_url: found.embed_url,
            blurhash: (),
            published_at: found.published_at.map(api_time),
            authors: Some(author).filter(|author| !author.name.is_empty()).into_iter().collect(),
            history: None,
        }
    }

    /// With how much it was shared.
    pub(crate) fn with_history(mut self, history: Vec<Day>) -> Self {
        self.history = Some(history);
        self
    }
}
