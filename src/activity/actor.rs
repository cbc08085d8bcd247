//! Actors of other servers (checklist section C).

use serde_json::Value;

use crate::error::Result;
use crate::model::{ActorKind, SignatureForm};

use super::media::{self, Image};
use super::tag::{Emoji, Tags};
use super::{read, refuse, urls};

/// Longest user name, refused above (F-053).
const MAX_USERNAME: usize = 2048;
/// Longest display name, in characters (F-053).
const MAX_NAME: usize = 2048;
/// Longest bio, in characters (F-053).
const MAX_SUMMARY: usize = 20_000;
/// Most profile fields, and the longest name or value of one (F-053).
const MAX_FIELDS: usize = 50;
const MAX_FIELD: usize = 2047;
/// Most aliases and attribution domains (F-053).
const MAX_ALIASES: usize = 256;
/// Most keys of one actor that are looked at (F-047).
const MAX_KEYS: usize = 10;
/// No RSA key in PEM form comes near this.
const MAX_PEM: usize = 16 * 1024;

/// The first actor type of a document (F-012, F-043).
pub fn kind_of(value: &Value) -> Option<ActorKind> {
    read::types(value).find_map(ActorKind::parse)
}

/// A public key. In [`Actor::public_keys`] it is on the actor's host and names it as owner; from
/// [`key_document`] nothing is known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Byte-exact: BookWyrm has `…/#main-key`, GoToSocial a path.
    pub id: String,
    /// `owner` or `controller`; the actor itself where the key says nothing.
    pub owner: String,
    /// PEM, or the multibase text of a Multikey; not parsed.
    pub pem: String,
}

/// An actor as its server describes it. Texts are raw.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    pub id: String,
    pub kind: ActorKind,
    pub preferred_username: String,
    /// Plain text (F-051); empty when there is none.
    pub name: String,
    /// HTML or plain text (F-050); empty when there is none.
    pub summary: String,
    /// The profile page; may be on another host (F-049).
    pub url: Option<String>,
    /// Missing on read-only actors: they cannot be followed (F-045).
    pub inbox: Option<String>,
    pub shared_inbox: Option<String>,
    pub outbox: Option<String>,
    pub followers: Option<String>,
    pub following: Option<String>,
    pub featured: Option<String>,
    pub featured_tags: Option<String>,
    /// None on static actors: nothing they sign is accepted (F-046).
    pub public_keys: Vec<Key>,
    pub icon_url: Option<String>,
    pub icon_alt: Option<String>,
    pub image_url: Option<String>,
    pub image_alt: Option<String>,
    /// `manuallyApprovesFollowers`.
    pub locked: bool,
    pub discoverable: bool,
    pub indexable: bool,
    /// From the kind.
    pub bot: bool,
    pub published_ms: Option<i64>,
    pub also_known_as: Vec<String>,
    /// Counts only when the target lists this actor (F-057).
    pub moved_to: Option<String>,
    /// Names (plain text) and values (HTML), in order.
    pub fields: Vec<(String, String)>,
    pub emojis: Vec<Emoji>,
    /// `user@host` (FEP-2c59), not yet proven (F-054).
    pub webfinger: Option<String>,
    pub attribution_domains: Vec<String>,
    pub suspended: bool,
    pub memorial: bool,
    /// What anonymous readers must not see (F-058).
    pub privacy: Privacy,
    /// What its software says that it can do.
    pub skills: Skills,
}

/// What an actor's document tells of its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skills {
    /// The best form of signature that `generator.implements` names (F-037).
    pub signature: Option<SignatureForm>,
    /// Its context is that of Pleroma and its kind: it reads EmojiReact (F-316).
    pub litepub: bool,
}

/// Most entries of `implements` and `@context` that are looked at.
const MAX_SKILLS: usize = 32;

fn skills(value: &Value) -> Skills {
    let implements: Vec<&str> = read::first(value, "generator")
        .map(|generator| read::many(generator, "implements"))
        .unwrap_or_default()
        .iter()
        .take(MAX_SKILLS)
        .filter_map(|one| one.as_str().or_else(|| one.get("href").and_then(Value::as_str)))
        .collect();
    let signature = if implements.contains(&super::RFC9421_ED25519) {
        Some(SignatureForm::Ed25519)
    } else {
        implements.contains(&super::RFC9421).then_some(SignatureForm::Rfc9421)
    };
    let contexts = read::many(value, "@context").iter().take(MAX_SKILLS);
    let litepub = contexts
        .filter_map(Value::as_str)
        .any(|context| context.ends_with("/schemas/litepub-0.1.jsonld"));
    Skills { signature, litepub }
}

/// Wishes about anonymous readers (F-058).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Privacy {
    /// Misskey: all posts only after sign-in.
    pub sign_in_required: bool,
    /// Misskey: posts before this are followers-only. Positive: milliseconds since 1970;
    /// negative: that much before now.
    pub followers_only_before: Option<i64>,
    /// Misskey: posts before this are hidden; same form.
    pub hidden_before: Option<i64>,
    /// GoToSocial: public posts are hidden.
    pub hides_public: bool,
    /// GoToSocial: unlisted posts are hidden.
    pub hides_unlisted: bool,
}

impl Actor {
    /// Reads a document of its own: it must name the AS2 context (F-004).
    ///
    /// # Errors
    /// As [`Actor::parse_embedded`], and without the context.
    pub fn parse(value: &Value) -> Result<Self> {
        if !read::has_context(value) {
            return Err(refuse("The actor has no ActivityStreams context"));
        }
        Self::parse_embedded(value)
    }

    /// Reads an actor inside another document (`Update`); a hint until its origin is checked
    /// (F-140).
    ///
    /// # Errors
    /// Without a usable id, a type of F-043 or any user name (F-021), or with one that is too
    /// long (F-053) or cannot stand in `@user@host`.
    pub fn parse_embedded(value: &Value) -> Result<Self> {
        let id = value.get("id").and_then(Value::as_str).and_then(urls::keep);
        let id = id.ok_or_else(|| refuse("The actor has no usable id"))?;
        let kind = kind_of(value).ok_or_else(|| refuse("This is not an actor"))?;
        let webfinger = read::text(value, "webfinger").and_then(handle);
        let preferred_username = username(value, webfinger.as_deref(), &id)?;
        let here = |url: &String| urls::same_host(&id, url);
        let local = |key: &str| read::id(value, key).filter(here);
        let text = |key: &str, max| read::clip(read::text(value, key).unwrap_or_default(), max);
        let flag = |key: &str| read::boolean(value, key).unwrap_or(false);
        let shared = read::first(value, "endpoints").and_then(|e| read::id(e, "sharedInbox"));
        let (icon, image) = (media::image(value, "icon"), media::image(value, "image"));
        let parts = |image: Option<Image>| image.map_or((None, None), |i| (Some(i.url), i.alt));
        let ((icon_url, icon_alt), (image_url, image_alt)) = (parts(icon), parts(image));
        Ok(Self {
            kind,
            preferred_username,
            name: text("name", MAX_NAME),
            summary: text("summary", MAX_SUMMARY),
            url: page_url(value),
            inbox: local("inbox"),
            shared_inbox: shared.or_else(|| read::id(value, "sharedInbox")).filter(here),
            outbox: local("outbox"),
            followers: local("followers"),
            following: local("following"),
            featured: local("featured"),
            featured_tags: local("featuredTags"),
            public_keys: keys(value, &id),
            icon_url,
            icon_alt,
            image_url,
            image_alt,
            locked: flag("manuallyApprovesFollowers"),
            discoverable: flag("discoverable"),
            indexable: flag("indexable"),
            bot: kind.is_bot(),
            published_ms: read::time_ms(value, "published"),
            also_known_as: capped(read::ids(value, "alsoKnownAs")),
            moved_to: read::id(value, "movedTo").filter(|to| *to != id),
            fields: fields(value),
            emojis: Tags::parse(value).emojis,
            webfinger,
            attribution_domains: domains(value),
            suspended: flag("suspended"),
            memorial: flag("memorial"),
            privacy: privacy(value),
            skills: skills(value),
            id,
        })
    }

    /// The key with exactly this id (F-047).
    pub fn key(&self, key_id: &str) -> Option<&Key> {
        self.public_keys.iter().find(|key| key.id == key_id)
    }
}

fn capped(mut list: Vec<String>) -> Vec<String> {
    list.truncate(MAX_ALIASES);
    list
}

fn username(value: &Value, webfinger: Option<&str>, id: &str) -> Result<String> {
    let own = read::text(value, "preferredUsername").map(str::trim).filter(|n| !n.is_empty());
    let name = own
        .or_else(|| webfinger.and_then(|w| w.split('@').next()))
        .ok_or_else(|| refuse("The actor has no user name"))?;
    if name.chars().count() > MAX_USERNAME {
        return Err(refuse("The user name of the actor is too long"));
    }
    // an instance actor is called like its host (F-038), which may have a port
    let is_host = urls::host(id).as_deref() == Some(name);
    let strange = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '@' | '/' | ':');
    if !is_host && name.chars().any(strange) {
        return Err(refuse("The user name of the actor has characters that it must not have"));
    }
    Ok(name.to_owned())
}

/// `user@host` without `acct:` or a leading `@`.
fn handle(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("acct:").unwrap_or(text).trim_start_matches('@');
    let (user, host) = text.split_once('@')?;
    let good = text.len() <= MAX_USERNAME
        && !user.is_empty()
        && !host.is_empty()
        && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '/')
        && !host.contains('@');
    good.then(|| text.to_owned())
}

/// `url`: text, list, Links; `text/html` is preferred, other schemes are dropped (F-049).
pub(super) fn page_url(value: &Value) -> Option<String> {
    let links = read::many(value, "url").iter().filter_map(|link| {
        let text = link.as_str().or_else(|| link.get("href").and_then(Value::as_str))?;
        let rank = match read::text(link, "mediaType") {
            Some(m) if m.starts_with("text/html") || m.starts_with("application/xhtml") => 0,
            None if link.is_string() => 1,
            // Trackers and the like are Links without a type but with a relation.
            None if read::many(link, "rel").is_empty() => 2,
            _ => return None,
        };
        Some((rank, urls::keep(text)?))
    });
    links.min_by_key(|(rank, _)| *rank).map(|(_, url)| url)
}

/// The keys that this document claims for `actor`: on its host, owned by it (S-025).
fn keys(value: &Value, actor: &str) -> Vec<Key> {
    let multikeys = read::many(value, "assertionMethod").iter().take(MAX_KEYS);
    read::many(value, "publicKey")
        .iter()
        .take(MAX_KEYS)
        .filter_map(|key| key_object(key, Some(actor)))
        .chain(multikeys.filter_map(multikey))
        .filter(|key| key.owner == actor && urls::same_host(&key.id, actor))
        .collect()
}

/// A Multikey of `assertionMethod` (FEP-521a); one that is only an address is not looked up.
fn multikey(value: &Value) -> Option<Key> {
    let text = value.get("publicKeyMultibase")?.as_str().filter(|text| text.len() <= 128)?;
    Some(Key {
        id: value.get("id").and_then(Value::as_str).and_then(urls::keep)?,
        owner: read::id(value, "controller")?,
        pem: text.to_owned(),
    })
}

fn key_object(value: &Value, owner: Option<&str>) -> Option<Key> {
    let pem =
        value.get("publicKeyPem")?.as_str().filter(|p| !p.is_empty() && p.len() <= MAX_PEM)?;
    let named = read::id(value, "owner").or_else(|| read::id(value, "controller"));
    Some(Key {
        id: value.get("id").and_then(Value::as_str).and_then(urls::keep)?,
        owner: named.or_else(|| owner.map(str::to_owned))?,
        pem: pem.to_owned(),
    })
}

/// The key that the document behind a key id holds: a key of its own, a GoToSocial stub or a
/// whole actor. A claim of one side only: the owner must list it too (S-025).
pub fn key_document(value: &Value, key_id: &str) -> Option<Key> {
    let stub_owner = value.get("id").and_then(Value::as_str).and_then(urls::keep);
    let inside = read::many(value, "publicKey").iter().take(MAX_KEYS);
    std::iter::once(key_object(value, None))
        .chain(inside.map(|key| key_object(key, stub_owner.as_deref())))
        .flatten()
        .find(|key| key.id == key_id && urls::same_host(&key.id, &key.owner))
}

fn fields(value: &Value) -> Vec<(String, String)> {
    read::many(value, "attachment")
        .iter()
        .filter(|item| read::has_type(item, "PropertyValue"))
        .filter_map(|item| Some((read::text(item, "name")?, read::text(item, "value")?)))
        .map(|(name, value)| (read::clip(name, MAX_FIELD), read::clip(value, MAX_FIELD)))
        .take(MAX_FIELDS)
        .collect()
}

fn domains(value: &Value) -> Vec<String> {
    read::many(value, "attributionDomains")
        .iter()
        .filter_map(Value::as_str)
        .map(|d| d.trim().to_ascii_lowercase())
        .filter(|d| !d.is_empty() && d.len() <= 255 && !d.contains([' ', '/', '@', ':']))
        .take(MAX_ALIASES)
        .collect()
}

fn privacy(value: &Value) -> Privacy {
    let flag = |key: &str| read::boolean(value, key);
    let time = |key: &str| value.get(key).and_then(read::as_float).map(|n| n as i64);
    let public = flag("hidesToPublicFromUnauthedWeb");
    Privacy {
        sign_in_required: flag("_misskey_requireSigninToViewContents").unwrap_or(false),
        followers_only_before: time("_misskey_makeNotesFollowersOnlyBefore"),
        hidden_before: time("_misskey_makeNotesHiddenBefore"),
        hides_public: public.unwrap_or(false),
        // GoToSocial's default is true; others do not know the property at all.
        hides_unlisted: flag("hidesCcPublicFromUnauthedWeb").unwrap_or(public.is_some()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
