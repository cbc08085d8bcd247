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
    let Some(status) = status else {
        let named = match uri {
            Some(uri) => context.read(|conn| db::favourite::find_by_uri(conn, uri))?,
            None => None,
        };
        let own = named.filter(|favourite| favourite.account_id == me);
        return Ok(own.map(|favourite| Undone::Favourite(favourite.status_id)));
    };
    let embedded = activity.object.embedded();
    let is_like = embedded.is_some_and(|value| Kind::of(value) == Kind::Like);
    // whose it is may be left out: nobody else's can be undone
    let undone = embedded.cloned().and_then(|mut value| {
        value.as_object_mut()?.entry("actor").or_insert_with(|| context.signer.uri.clone().into());
        Activity::parse_embedded(value).ok()
    });
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
