//! ScheduledStatus.

use serde::Serialize;
use serde_json::{Value, json};

use super::media::Media;
use crate::clock::api_time;
use crate::db::{self, Conn, scheduled_status};
use crate::error::{Error, Result};
use crate::model::{QuotePolicy, Upload};
use crate::service::scheduled_status::Stored;
use crate::site::Site;

/// A status that waits for its time.
#[derive(Debug, Serialize)]
pub(crate) struct ScheduledStatus {
    #[serde(serialize_with = "super::id")]
    id: i64,
    scheduled_at: String,
    params: Value,
    media_attachments: Vec<Media>,
    /// Why it was not published at its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// The shape of one.
pub(crate) fn scheduled_status(
    conn: &Conn,
    site: &Site,
    stored: scheduled_status::ScheduledStatus,
) -> Result<ScheduledStatus> {
    scheduled_statuses(conn, site, vec![stored])?.pop().ok_or(Error::NotFound)
}

/// The shapes of a page.
pub(crate) fn scheduled_statuses(
    conn: &Conn,
    site: &Site,
    page: Vec<scheduled_status::ScheduledStatus>,
) -> Result<Vec<ScheduledStatus>> {
    let ids: Vec<i64> = page.iter().map(|one| one.id).collect();
    let uploads = db::upload::list_reserved(conn, &ids)?;
    page.into_iter().map(|stored| shape(site, stored, &uploads)).collect()
}

fn shape(
    site: &Site,
    stored: scheduled_status::ScheduledStatus,
    uploads: &[Upload],
) -> Result<ScheduledStatus> {
    let kept = Stored::parse(&stored.params)?;
    let text = |id: &i64| id.to_string();
    let media: Vec<String> = kept.media_ids.iter().map(text).collect();
    let found = |id: &i64| uploads.iter().find(|upload| upload.id == *id);
    let media_attachments =
        kept.media_ids.iter().filter_map(found).map(|upload| Media::upload(site, upload)).collect();
    let policy = kept.quote_policy.map(QuotePolicy::from_number).map(QuotePolicy::as_str);
    let params = json!({
        "text": kept.text,
        "spoiler_text": kept.spoiler_text,
        "visibility": kept.visibility,
        "language": kept.language,
        "sensitive": kept.sensitive,
        "in_reply_to_id": kept.in_reply_to_id,
        "media_ids": (!media.is_empty()).then_some(media),
        "poll": kept.poll.map(|poll| json!({
            "options": poll.options,
            "expires_in": poll.expires_in.unwrap_or_default(),
            "multiple": poll.multiple,
            "hide_totals": poll.hide_totals,
        })),
        "application_id": kept.application_id.unwrap_or_default(),
        "content_type": kept.content_type,
        "quoted_status_id": kept.quoted_status_id.as_ref().map(text),
        "quote_approval_policy": policy,
        "idempotency": kept.idempotency_key,
        "scheduled_at": null,
        "with_rate_limit": false,
    });
    Ok(ScheduledStatus {
        id: stored.id,
        scheduled_at: api_time(stored.due),
        params,
        media_attachments,
        error: stored.failed,
    })
}
