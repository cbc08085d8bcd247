//! Relays: subscribing and leaving (F-343, F-344), what goes to them (F-345), and which of the
//! statuses that they name are wanted (F-347).

use crate::activity::{self, build, object::Object};
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, INSTANCE_ACTOR, Relay, RelayCounts, RelayFilter, RelayMedia, RelayState, RelayStyle,
    Status, Visibility,
};
use crate::text::{language, sanitize};

use super::delivery;

/// More relays than anybody needs.
const MOST: usize = 100;
/// What a filter may hold, and the highest of its numbers.
const MOST_WORDS: usize = 100;
const HIGHEST_RATE: u32 = 6000;
const MOST_DAYS: u32 = 3650;
/// The language of what is in none that can be told.
const UNDETERMINED: &str = "und";

/// What changes of a filter; `None` leaves as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Change {
    pub sends: Option<bool>,
    pub rate: Option<u32>,
    pub languages: Option<Vec<String>>,
    pub media: Option<String>,
    pub sensitive: Option<bool>,
    pub tags: Option<Vec<String>>,
    pub replies: Option<bool>,
    /// 0: as the settings file says.
    pub days: Option<u32>,
}

impl Change {
    /// What it makes of a filter.
    ///
    /// # Errors
    /// 422 with the word that cannot be meant so.
    fn apply(&self, filter: &mut RelayFilter) -> Result<()> {
        if let Some(rate) = self.rate {
            if rate > HIGHEST_RATE {
                return Err(Error::invalid(format!("the rate is at most {HIGHEST_RATE} a minute")));
            }
            filter.rate = rate;
        }
        if let Some(words) = &self.languages {
            filter.languages = few(words, "languages")?
                .iter()
                .map(|word| {
                    language::normalize(word)
                        .map(|tag| primary(&tag).to_owned())
                        .ok_or_else(|| Error::invalid(format!("{word} is no language code")))
                })
                .collect::<Result<_>>()?;
        }
        if let Some(media) = &self.media {
            filter.media = RelayMedia::parse(media)
                .ok_or_else(|| Error::invalid("media must be one of any, only and none"))?;
        }
        if let Some(words) = &self.tags {
            filter.tags = few(words, "tags")?
                .iter()
                .map(|word| {
                    crate::text::hashtag::normalize(word.trim_start_matches('#'))
                        .ok_or_else(|| Error::invalid(format!("{word} is no hashtag")))
                })
                .collect::<Result<_>>()?;
        }
        if let Some(days) = self.days {
            if days > MOST_DAYS {
                return Err(Error::invalid(format!("the days are at most {MOST_DAYS}")));
            }
            filter.days = Some(days).filter(|days| *days > 0);
        }
        filter.sensitive = self.sensitive.unwrap_or(filter.sensitive);
        filter.replies = self.replies.unwrap_or(filter.replies);
        Ok(())
    }
}

fn few<'a>(words: &'a [String], what: &str) -> Result<&'a [String]> {
    if words.len() > MOST_WORDS {
        return Err(Error::invalid(format!("a relay has at most {MOST_WORDS} {what}")));
    }
    Ok(words)
}

fn primary(tag: &str) -> &str {
    tag.split('-').next().unwrap_or(tag)
}

/// Asks a relay to send what it gets. One that did not accept is asked once more.
///
/// # Errors
/// 422 when it accepted already, or there are very many.
pub fn subscribe(
    tx: &Tx<'_>,
    account: &Account,
    inbox: &str,
    style: RelayStyle,
    change: &Change,
) -> Result<Relay> {
    let us = db::account::get(tx, INSTANCE_ACTOR)?;
    let known = db::relay::find_of_account(tx, account.id)?;
    if known.as_ref().is_some_and(|relay| relay.state == RelayState::Accepted) {
        return Err(Error::invalid(format!("{} is a relay of this server already", account.uri)));
    }
    if known.is_none() && db::relay::list(tx)?.len() >= MOST {
        return Err(Error::invalid(format!("there are {MOST} relays already")));
    }
    let mut filter = known.as_ref().map(|relay| relay.filter.clone()).unwrap_or_default();
    change.apply(&mut filter)?;
    let relay = Relay {
        id: 0,
        account_id: account.id,
        inbox: inbox.to_owned(),
        style,
        state: RelayState::Asked,
        follow_uri: format!("{}#relays/{}", us.uri, tx.mint_id()),
        follows_back: false,
        sends: change.sends.unwrap_or(true),
        filter,
        counts: RelayCounts::default(),
        created_at: tx.now(),
        last_seen_at: None,
    };
    let id = match known {
        Some(known) => {
            db::relay::ask_again(tx, known.id, &relay)?;
            db::relay::set_filter(tx, known.id, &relay.filter, relay.sends)?;
            known.id
        }
        None => db::relay::insert(tx, &relay)?,
    };
    let follow = follow(&relay, &us, account);
    delivery::queue(tx, &us, &follow, [relay.inbox])?;
    db::relay::find(tx, id)?.ok_or(Error::NotFound)
}

/// Our Follow as it was sent: of Public, or of the relay's actor.
fn follow(relay: &Relay, us: &Account, account: &Account) -> serde_json::Value {
    match relay.style {
        RelayStyle::Mastodon => build::follow_public(&relay.follow_uri, &us.uri),
        RelayStyle::LitePub => build::follow(&relay.follow_uri, &us.uri, &account.uri),
    }
}

/// Leaves a relay: it is told, and forgotten here. What it brought goes in its time.
pub fn unsubscribe(tx: &Tx<'_>, relay: &Relay) -> Result<()> {
    let us = db::account::get(tx, INSTANCE_ACTOR)?;
    let account = db::account::get(tx, relay.account_id)?;
    let follow = follow(relay, &us, &account);
    let undo = build::undo_of(&format!("{}/undo", relay.follow_uri), &follow);
    delivery::queue(tx, &us, &undo, [relay.inbox.clone()])?;
    db::relay::remove(tx, relay.id)
}

/// Changes what is taken from a relay and given to it.
pub fn update(tx: &Tx<'_>, relay: &Relay, change: &Change) -> Result<Relay> {
    let mut filter = relay.filter.clone();
    change.apply(&mut filter)?;
    db::relay::set_filter(tx, relay.id, &filter, change.sends.unwrap_or(relay.sends))?;
    db::relay::find(tx, relay.id)?.ok_or(Error::NotFound)
}

/// A relay that follows us back is answered, for it would not send before (F-344).
pub fn follow_back(tx: &Tx<'_>, relay: &Relay, activity: &serde_json::Value) -> Result<()> {
    let us = db::account::get(tx, INSTANCE_ACTOR)?;
    db::relay::set_follows_back(tx, relay.id, true)?;
    let id = format!("{}#accepts/{}", us.uri, tx.mint_id());
    let accept = build::accept(&id, &us.uri, activity);
    delivery::queue(tx, &us, &accept, [relay.inbox.clone()])
}

/// The relays that get an own status as its author tells it (F-345): those of Mastodon's kind,
/// and of the other kind as well once they know it.
pub(super) fn inboxes(conn: &Conn, status: &Status, known: bool) -> Result<Vec<String>> {
    if !status.local || status.visibility != Visibility::Public {
        return Ok(Vec::new());
    }
    let style = if known { RelayStyle::LitePub } else { RelayStyle::Mastodon };
    db::relay::list_inboxes(conn, style)
}

/// Tells LitePub relays of a new own status: the instance actor boosts it (F-345).
pub(super) fn announce(tx: &Tx<'_>, status: &Status) -> Result<()> {
    let inboxes = inboxes(tx, status, true)?;
    if inboxes.is_empty() {
        return Ok(());
    }
    let us = db::account::get(tx, INSTANCE_ACTOR)?;
    let to = db::relay::list_actors(tx, RelayStyle::LitePub)?;
    let id = format!("{}#announces/{}", us.uri, status.id);
    let announce = build::announce(&id, &us.uri, &status.uri, status.created_at, &to, &[]);
    delivery::queue(tx, &us, &announce, inboxes)
}

/// Why a status is not wanted from this relay; `None`: it is. Asked of the copy that the relay
/// sent, which can only lead to less being fetched, and again of what its origin shows.
pub fn refuses(conn: &Conn, filter: &RelayFilter, object: &Object) -> Result<Option<&'static str>> {
    if object.is_vote_like || object.is_chat {
        return Ok(Some("it is no status for everybody"));
    }
    let recipients = object.to.iter().chain(&object.cc);
    if recipients.clone().next().is_some()
        && activity::visibility(&object.to, &object.cc, None) != Visibility::Public
    {
        return Ok(Some("it is not public"));
    }
    let has_media = !object.attachments.is_empty();
    if (filter.media == RelayMedia::None && has_media)
        || (filter.media == RelayMedia::Only && !has_media)
    {
        return Ok(Some("its attachments are not wanted"));
    }
    if !filter.sensitive && (object.sensitive || object.content_warning().is_some()) {
        return Ok(Some("it is sensitive"));
    }
    let tagged = |name: &String| {
        crate::text::hashtag::normalize(name).is_some_and(|name| filter.tags.contains(&name))
    };
    if !filter.tags.is_empty() && !object.hashtags.iter().any(tagged) {
        return Ok(Some("it has none of the wanted tags"));
    }
    if !filter.languages.is_empty() && !filter.languages.contains(&spoken(object)) {
        return Ok(Some("its language is not wanted"));
    }
    if !filter.replies
        && let Some(parent) = &object.in_reply_to
        && db::status::find_by_uri_or_url(conn, parent)?.is_none()
    {
        return Ok(Some("it answers what is not here"));
    }
    Ok(None)
}

/// The primary language that a status names, else the one that its text looks like.
fn spoken(object: &Object) -> String {
    let named = object.language.as_deref().and_then(language::normalize);
    match named.as_deref().map(primary).filter(|tag| *tag != UNDETERMINED) {
        Some(tag) => tag.to_owned(),
        None => {
            let text = sanitize::to_plain(&object.content);
            language::detect(&text).unwrap_or(UNDETERMINED).to_owned()
        }
    }
}

/// Whether an Accept or Reject of the relay is about our Follow: by its id, or by its parts when
/// the id came back changed (F-343).
pub fn is_our_follow(
    relay: &Relay,
    us: &str,
    id: Option<&str>,
    actor: Option<&str>,
    object: Option<&str>,
    account: &Account,
) -> bool {
    if id == Some(relay.follow_uri.as_str()) {
        return true;
    }
    let object_fits = match relay.style {
        RelayStyle::Mastodon => object.is_some_and(activity::is_public),
        RelayStyle::LitePub => object == Some(account.uri.as_str()),
    };
    actor == Some(us) && object_fits
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn f_347_a_change_says_what_it_cannot_mean() {
        let apply = |change: Change| {
            let mut filter = RelayFilter::default();
            change.apply(&mut filter).map(|()| filter).map_err(|e| e.to_string())
        };
        let words = |list: &[&str]| Some(list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        let filter = apply(Change {
            rate: Some(5),
            languages: words(&["zh-TW", "EN", "und"]),
            media: Some("none".into()),
            tags: words(&["#Rust", "天氣"]),
            days: Some(3),
            ..Change::default()
        });
        let filter = filter.unwrap();
        assert_eq!(filter.languages, ["zh", "en", "und"]);
        assert_eq!(filter.tags, ["rust", "天氣"]);
        assert_eq!((filter.rate, filter.media, filter.days), (5, RelayMedia::None, Some(3)));
        assert_eq!(apply(Change { days: Some(0), ..Change::default() }).unwrap().days, None);
        for (change, why) in [
            (Change { rate: Some(6001), ..Change::default() }, "rate"),
            (Change { languages: words(&["!"]), ..Change::default() }, "no language"),
            (Change { media: Some("some".into()), ..Change::default() }, "media"),
            (Change { tags: words(&["a b"]), ..Change::default() }, "no hashtag"),
            (Change { days: Some(9999), ..Change::default() }, "days"),
        ] {
            assert!(apply(change).unwrap_err().contains(why), "{why}");
        }
    }
}
