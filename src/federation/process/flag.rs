//! `Flag`: another server reports accounts here (F-194, F-195).
//! <https://docs.joinmastodon.org/spec/activitypub/#Flag>

use crate::activity::incoming::Activity;
use crate::activity::read;
use crate::client::host_of;
use crate::service::{domain, report};
use crate::text::sanitize;

use super::{Context, Step, Stop};

/// The longest comment that is read.
const LONGEST: usize = 5000;

pub(super) fn flag(context: &Context<'_>, activity: &Activity) -> Step<()> {
    let host = host_of(&context.signer.uri).unwrap_or_default();
    if context.read(|conn| domain::rejects_reports(conn, &host))? {
        return Err(Stop::Drop("reports of this server are not read"));
    }
    let text = activity.content.as_deref().or_else(|| read::text(&activity.raw, "summary"));
    let text = sanitize::multiline(text.unwrap_or_default(), LONGEST);
    let mut uris: Vec<String> =
        activity.objects().filter_map(|object| object.id().map(str::to_owned)).collect();
    // Misskey names the statuses in its text
    uris.extend(
        text.split_whitespace().filter(|word| context.app.site.owns(word)).map(str::to_owned),
    );
    uris.retain(|uri| context.app.site.owns(uri));
    let (site, from) = (context.app.site.clone(), context.signer.clone());
    let made = context.write(move |tx| report::receive(tx, &site, &from, &uris, &text))?;
    tracing::info!(from = %context.signer.uri, reports = made, "a report came");
    Ok(())
}
