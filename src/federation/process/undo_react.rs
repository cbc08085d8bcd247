//! `Undo` of a `Like` or `EmojiReact` that came along: by its id, else by what it says (F-174).

use crate::activity::incoming::{Activity, Kind};
use crate::db;

use super::undo::Undone;
use super::{Context, Step};

pub(super) fn find(
    context: &Context<'_>,
    activity: &Activity,
    uri: Option<&str>,
    target: Option<&str>,
) -> Step<Option<Undone>> {
    let me = context.signer.id;
    let by_id = match uri {
        Some(uri) => context.read(|conn| db::reaction::find_by_uri(conn, uri))?,
        None => None,
    };
    if let Some(done) = by_id.filter(|done| done.account_id == me) {
        return Ok(Some(Undone::Reaction(done)));
    }
    let status = match target {
        Some(target) => context.read(|conn| db::status::find_by_uri_or_url(conn, target))?,
        None => None,
    };
    let Some(status) = status else { return Ok(None) };
    let undone = activity.object.embedded().cloned();
    let undone = undone.and_then(|value| Activity::parse_embedded(value).ok());
    let is_like = undone.as_ref().is_some_and(|undone| undone.kind == Kind::Like);
    let reaction = match &undone {
        Some(undone) => super::react::reaction(context, undone)?,
        None => None,
    };
    if let Some(reaction) = reaction {
        let done = context.read(|conn| db::reaction::find(conn, me, status.id, &reaction.name))?;
        if let Some(done) = done.filter(|done| done.is_like == is_like) {
            return Ok(Some(Undone::Reaction(done)));
        }
    }
    Ok(is_like.then_some(Undone::Favourite(status.id)))
}
