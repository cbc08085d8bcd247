//! StatusEdit.

use std::sync::Arc;

use serde::Serialize;

use super::media::Media;
use super::quote::Quote;
use super::{Account, Emoji, emojis};
use crate::clock::api_time;
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{self, Attachment, Revision};
use crate::site::Site;

/// One version of a status.
#[derive(Debug, Serialize)]
pub(crate) struct StatusEdit {
    content: String,
    spoiler_text: String,
    sensitive: bool,
    created_at: String,
    #[serde(serialize_with = "super::shared")]
    account: Arc<Account>,
    media_attachments: Vec<Media>,
    emojis: Vec<Emoji>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll: Option<Choices>,
    /// The same in all versions: an edit does not change it.
    quote: Option<Quote>,
}

/// What a version's poll offered.
#[derive(Debug, Serialize)]
struct Choices {
    options: Vec<Choice>,
}

#[derive(Debug, Serialize)]
struct Choice {
    title: String,
}

/// All versions of a status, the present one last.
pub(crate) fn status_edits(
    conn: &Conn,
    site: &Site,
    viewer: i64,
    status: model::Status,
) -> Result<Vec<StatusEdit>> {
    let quote = super::status(conn, site, viewer, status.clone())?.quote;
    let author = db::account::get(conn, status.account_id)?;
    let account = Arc::new(Account::new(site, author));
    let mut versions = db::status_edit::list(conn, status.id)?;
    let present = db::upload::list_attachments(conn, &[status.id])?;
    let shown: Vec<i64> = present.iter().map(Attachment::id).collect();
    for old in versions.iter_mut().flat_map(|version| &mut version.media) {
        // what an edit took off is not kept here any more: it is a link
        if let Attachment::Remote(media) = old {
            media.unavailable = !shown.contains(&media.id);
        }
    }
    versions.push(Revision {
        created_at: status.edited_at.unwrap_or(status.created_at),
        spoiler_text: status.spoiler_text,
        content: status.content,
        sensitive: status.sensitive,
        emojis: status.emojis,
        poll: status.poll,
        media: present,
    });
    Ok(versions
        .into_iter()
        .map(|version| StatusEdit {
            content: version.content,
            spoiler_text: version.spoiler_text,
            sensitive: version.sensitive,
            created_at: api_time(version.created_at),
            account: Arc::clone(&account),
            media_attachments: version.media.iter().map(|one| Media::new(site, one)).collect(),
            emojis: emojis(site, version.emojis),
            quote: quote.clone(),
            poll: version.poll.map(|poll| Choices {
                options: poll.options.into_iter().map(|(title, _)| Choice { title }).collect(),
            }),
        })
        .collect())
}
