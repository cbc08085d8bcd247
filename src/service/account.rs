//! Accounts: making, signing in, storing remote ones, removing.

use crate::activity;
use crate::crypto;
use crate::db::key::LocalKey;
use crate::db::user::User;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, ActorKind, ContentType, Details, Emoji, Event, Field, INSTANCE_ACTOR, QuotePolicy,
    Visibility,
};
use crate::signature::key::{GeneratedKey, PublicKey};
use crate::site::Site;
use crate::text::sanitize;

/// The shortest password that is taken (S-067).
pub const SHORTEST_PASSWORD: usize = 10;
/// The longest; hashing more would only cost time.
pub const LONGEST_PASSWORD: usize = 256;

/// What a new local account is made of.
pub struct NewAccount {
    pub username: String,
    pub email: String,
    /// From [`crypto::hash_password`]; hashing is slow and has no place in a transaction.
    pub password_hash: String,
    pub admin: bool,
    pub key: GeneratedKey,
}

/// Checks a name for a local account: letters, digits and `_`, 1 to 30 of them.
///
/// # Errors
/// 422 with what is wrong.
pub fn check_username(username: &str) -> Result<()> {
    let fits = !username.is_empty()
        && username.len() <= 30
        && username.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !fits {
        return Err(Error::invalid(
            "Validation failed: Username must have 1 to 30 letters, digits and underscores",
        ));
    }
    Ok(())
}

/// Checks the length of a new password.
///
/// # Errors
/// 422 with what is wrong.
pub fn check_password(password: &str) -> Result<()> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(Error::invalid(format!(
            "Validation failed: Password is too short (minimum is {SHORTEST_PASSWORD} characters)"
        )));
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(Error::invalid(format!(
            "Validation failed: Password is too long (maximum is {LONGEST_PASSWORD} bytes)"
        )));
    }
    Ok(())
}

/// What somebody said who signed up.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub locale: Option<String>,
    pub reason: Option<String>,
    pub invited_by: Option<i64>,
}

/// Makes a local account.
///
/// # Errors
/// 422 when the name or the address is taken or does not fit.
pub fn create(tx: &Tx<'_>, site: &Site, new: NewAccount) -> Result<Account> {
    create_as(tx, site, tx.mint_id(), new, Said::default())
}

/// The same with an id that was minted before.
pub(super) fn create_as(
    tx: &Tx<'_>,
    site: &Site,
    id: i64,
    new: NewAccount,
    said: Said,
) -> Result<Account> {
    check_username(&new.username)?;
    if is_name_taken(tx, &new.username)? {
        return Err(Error::invalid("Validation failed: Username has already been taken"));
    }
    // a name that was here before would speak with another's past
    if super::leaving::was_used(tx, site, &new.username)? {
        return Err(Error::invalid(
            "Validation failed: Username belonged to a deleted account and cannot be used again",
        ));
    }
    let email = new.email.trim();
    super::access::check_email(email)?;
    if is_email_taken(tx, email)? {
        return Err(Error::invalid("Validation failed: Email has already been taken"));
    }
    let uri = site.actor(&new.username);
    let account = Account {
        id,
        url: Some(site.profile(&new.username)),
        inbox: Some(format!("{uri}/inbox")),
        shared_inbox: Some(site.shared_inbox()),
        outbox: Some(format!("{uri}/outbox")),
        followers_uri: Some(format!("{uri}/followers")),
        following_uri: Some(format!("{uri}/following")),
        featured_uri: Some(format!("{uri}/collections/featured")),
        details: Details {
            featured_tags_uri: Some(format!("{uri}/collections/tags")),
            ..Details::default()
        },
        created_at: tx.now(),
        username: new.username,
        uri,
        ..Account::default()
    };
    insert_with_key(tx, &account, new.key)?;
    db::user::insert(
        tx,
        &User {
            account_id: account.id,
            email: email.to_owned(),
            password_hash: new.password_hash,
            admin: new.admin,
            note_source: String::new(),
            default_visibility: Visibility::Public,
            default_sensitive: false,
            default_language: None,
            default_content_type: ContentType::Plain,
            default_quote_policy: QuotePolicy::new(QuotePolicy::PUBLIC, 0),
            disabled: false,
            locale: said.locale,
            reason: said.reason,
            invited_by: said.invited_by,
            new_email: None,
        },
    )?;
    Ok(account)
}

/// Whether somebody has this name, or asks for it.
pub(super) fn is_name_taken(conn: &Conn, name: &str) -> Result<bool> {
    Ok(db::account::find_local(conn, name)?.is_some() || db::applicant::name_taken(conn, name)?)
}

/// The same for an address.
pub(super) fn is_email_taken(conn: &Conn, email: &str) -> Result<bool> {
    Ok(db::user::email_taken(conn, email)? || db::applicant::email_taken(conn, email)?)
}

/// Makes the instance actor (F-038), which signs our fetches, unless it is there.
pub fn ensure_instance_actor(tx: &Tx<'_>, site: &Site, key: GeneratedKey) -> Result<()> {
    if db::account::find(tx, INSTANCE_ACTOR)?.is_some() {
        return Ok(());
    }
    let uri = site.instance_actor();
    let account = Account {
        id: INSTANCE_ACTOR,
        // a domain is no user name anybody could take; a port is none that others would read
        username: site.account_domain.split(':').next().unwrap_or_default().to_owned(),
        kind: ActorKind::Application,
        url: Some(format!("{}/about", site.base)),
        inbox: Some(site.shared_inbox()),
        shared_inbox: Some(site.shared_inbox()),
        outbox: Some(format!("{uri}/outbox")),
        locked: true,
        created_at: tx.now(),
        uri,
        ..Account::default()
    };
    insert_with_key(tx, &account, key)
}

fn insert_with_key(tx: &Tx<'_>, account: &Account, key: GeneratedKey) -> Result<()> {
    db::account::insert(tx, account)?;
    db::key::insert_local(
        tx,
        &LocalKey {
            account_id: account.id,
            key_id: format!("{}#main-key", account.uri),
            pkcs8: key.pkcs8,
            public_pem: key.public_pem,
        },
    )?;
    super::keys::add_ed25519(tx, account)
}

/// Checks a name or e-mail address and a password; slow on purpose, the same for all failures
/// (S-067, S-068).
pub fn sign_in(user: Option<&User>, password: &str) -> Option<i64> {
    let hash = user.map(|user| user.password_hash.as_str());
    let fits = crypto::verify_password(password, hash);
    user.filter(|_| fits).map(|user| user.account_id)
}

/// Sets a new password; all sessions, tokens and streams end with it (S-078).
pub fn set_password(tx: &Tx<'_>, account_id: i64, hash: &str) -> Result<()> {
    db::user::set_password(tx, account_id, hash)?;
    super::access::end_all(tx, account_id)
}

/// How far an account's removal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Nothing is left.
    Done,
    /// There are more rows.
    More,
    /// Its last deliveries wait, signed with its key.
    Waits,
}

/// What a remote actor's own document says, made ready: sanitising has no place in a transaction.
pub struct IncomingActor {
    account: Account,
    published: Option<i64>,
    moved_to: Option<String>,
    keys: Vec<(String, Vec<u8>)>,
    skills: activity::actor::Skills,
    privacy: activity::actor::Privacy,
}

impl IncomingActor {
    /// `domain` is the one of its handle, already checked (F-054).
    pub fn new(actor: &activity::actor::Actor, domain: &str) -> Self {
        let fields = actor.fields.iter().map(|(name, value)| Field {
            name: sanitize::name(name, 2047),
            value: sanitize::html(value).html,
            verified_at: None,
        });
        let keys = actor.public_keys.iter().filter_map(|key| {
            Some((key.id.clone(), PublicKey::from_published(&key.pem).ok()?.to_bytes()))
        });
        Self {
            published: actor.published_ms,
            moved_to: actor.moved_to.clone(),
            keys: keys.collect(),
            skills: actor.skills,
            privacy: actor.privacy,
            account: Account {
                username: sanitize::name(&actor.preferred_username, 2048),
                domain: Some(domain.to_owned()),
                uri: actor.id.clone(),
                url: actor.url.as_deref().and_then(sanitize::http_url),
                kind: actor.kind,
                display_name: sanitize::name(&actor.name, 2048),
                note: sanitize::html(&actor.summary).html,
                fields: fields.collect(),
                emojis: emojis(&actor.emojis),
                avatar_url: actor.icon_url.as_deref().and_then(sanitize::http_url),
                header_url: actor.image_url.as_deref().and_then(sanitize::http_url),
                locked: actor.locked,
                discoverable: actor.discoverable,
                indexable: actor.indexable,
                inbox: actor.inbox.clone(),
                shared_inbox: actor.shared_inbox.clone(),
                outbox: actor.outbox.clone(),
                followers_uri: actor.followers.clone(),
                following_uri: actor.following.clone(),
                featured_uri: actor.featured.clone(),
                details: Details {
                    memorial: actor.memorial,
                    attribution_domains: first(&actor.attribution_domains),
                    also_known_as: first(&actor.also_known_as),
                    featured_tags_uri: actor.featured_tags.clone(),
                    ..Details::default()
                },
                ..Account::default()
            },
        }
    }

    /// The actor's id.
    pub fn uri(&self) -> &str {
        &self.account.uri
    }
}

/// As much of a list as is read with each account that is shown.
fn first(list: &[String]) -> Vec<String> {
    list.iter().take(32).cloned().collect()
}

/// Stores what a remote actor's own document says: a new row or the changed one.
pub fn store_remote(tx: &Tx<'_>, incoming: &IncomingActor) -> Result<Account> {
    let known = db::account::find_by_uri(tx, incoming.uri())?;
    if known.as_ref().is_some_and(Account::is_local) {
        return Err(Error::Forbidden("A local actor does not come from elsewhere".into()));
    }
    let mut account = incoming.account.clone();
    if let Some(domain) = &account.domain
        && super::domain::rejects_media(tx, domain)?
    {
        account.avatar_url = None;
        account.header_url = None;
    }
    if super::delivery::is_never_shared(tx)? {
        account.shared_inbox = None;
    }
    account.fetched_at = Some(tx.now());
    account.created_at = match (incoming.published, &known) {
        (Some(ms), _) => ms.clamp(0, tx.now()),
        (None, Some(known)) => known.created_at,
        (None, None) => tx.now(),
    };
    super::profile::take_move(tx, &mut account, known.as_ref(), incoming.moved_to.as_deref())?;
    match known {
        Some(known) => {
            account.id = known.id;
            account.suspended_at = known.suspended_at;
            super::profile::keep_verified(&mut account.fields, &known.fields);
            account.silenced_at = known.silenced_at;
            account.sensitized_at = known.sensitized_at;
            db::account::update(tx, &account)?;
            // of strangers nobody here reads the profile
            if account.fields != known.fields && db::follow::has_local_follower(tx, account.id)? {
                super::profile::check_links(tx, &account, &known.fields)?;
            }
        }
        None => {
            account.id = tx.mint_id();
            db::account::insert(tx, &account)?;
            super::domain::at_arrival(tx, &account)?;
        }
    }
    db::key::replace_remote(tx, account.id, &incoming.keys)?;
    super::keys::note_skills(tx, incoming.uri(), incoming.skills)?;
    super::privacy::keep(tx, account.id, &incoming.privacy)?;
    tx.after_commit(Event::AccountChanged { account_id: account.id });
    Ok(account)
}

/// Custom emojis of a remote text.
pub fn emojis(tags: &[activity::tag::Emoji]) -> Vec<Emoji> {
    tags.iter()
        .filter_map(|tag| {
            let url = sanitize::http_url(&tag.url)?;
            Some(Emoji { shortcode: tag.shortcode.clone(), static_url: url.clone(), url })
        })
        .collect()
}

/// The account under a handle `name`, `@name` or `name@domain`, if it is stored.
pub fn find_by_handle(conn: &Conn, site: &Site, handle: &str) -> Result<Option<Account>> {
    let handle = handle.trim().trim_start_matches('@');
    match handle.split_once('@') {
        Some((name, domain)) if !site.is_own_domain(domain) => {
            db::account::find_remote(conn, name, &domain.to_ascii_lowercase())
        }
        Some((name, _)) => db::account::find_local(conn, name),
        None => db::account::find_local(conn, handle),
    }
    .map(|found| found.filter(|account| account.id != INSTANCE_ACTOR))
}

/// The local person with this name or handle.
///
/// # Errors
/// 404 with a sentence when there is none.
pub fn find_person(conn: &Conn, site: &Site, name: &str) -> Result<(Account, User)> {
    let account = find_by_handle(conn, site, name)?.filter(|account| account.is_local());
    let user = match &account {
        Some(account) => db::user::find(conn, account.id)?,
        None => None,
    };
    account
        .zip(user)
        .ok_or_else(|| Error::Missing(format!("there is no account {} here", name.trim()).into()))
}
