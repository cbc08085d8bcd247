//! Statuses of local accounts: writing, deleting, boosting, favouriting.

use std::collections::HashMap;

use serde_json::Value;

use crate::activity::build;
use crate::clock::HOUR;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{
    Account, Attachment, ContentType, Held, InteractionKind, InteractionPolicy, NotificationKind,
    QuotePolicy, Status, Visibility,
};
use crate::site::Site;
use crate::text::entity::{Entity, EntityKind, scan};
use crate::text::render::{self, Links, MentionLink};
use crate::text::{self, hashtag, language, markdown, sanitize};

use super::around::Around;
use super::interaction::{self, Course};
use super::plan::{free_id_at, plan};
use super::poll::{self, NewPoll};
use super::{
    conversation, delivery, document, media, notification, quote, relay, timeline, visibility,
};

/// How many different accounts one status may name (F-285).
pub const MOST_MENTIONS: usize = 50;
/// How long an `Idempotency-Key` is remembered.
const IDEMPOTENCY: i64 = HOUR;

/// What a person wrote.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub text: String,
    pub spoiler_text: String,
    /// `None`: the account's default, or the parent's where that is narrower (F-233).
    pub visibility: Option<Visibility>,
    /// BCP 47; `None`: the account's default, else what the text looks like.
    pub language: Option<String>,
    pub sensitive: Option<bool>,
    pub in_reply_to_id: Option<i64>,
    pub application_id: Option<i64>,
    pub idempotency_key: Option<String>,
    pub poll: Option<NewPoll>,
    /// Uploads, in their order.
    pub media_ids: Vec<i64>,
    /// `None`: the account's default.
    pub content_type: Option<ContentType>,
    pub quoted_status_id: Option<i64>,
    /// `None`: the account's default.
    pub quote_policy: Option<QuotePolicy>,
    /// `None`: the account's default for the visibility.
    pub policy: Option<InteractionPolicy>,
    /// A time in the past: it is written as if it had been there since.
    pub created_at: Option<i64>,
}

/// The handles in a text, each once: `(name, domain)`, no domain for a local one.
pub fn handles(site: &Site, text: &str) -> Vec<(String, Option<String>)> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    for entity in scan(text) {
        if let EntityKind::Mention { username, domain } = entity.kind {
            let domain = domain.filter(|domain| !site.is_own_domain(domain));
            let handle = (username, domain);
            if found.len() < MOST_MENTIONS && !found.contains(&handle) {
                found.push(handle);
            }
        }
    }
    found
}

/// Accounts by the handles that a text uses.
#[derive(Clone, Debug, Default)]
pub struct Mentioned(HashMap<(String, Option<String>), Account>);

impl Mentioned {
    /// Looks the handles up among the stored accounts; the second value has those unknown.
    pub fn find(
        conn: &Conn,
        handles: &[(String, Option<String>)],
    ) -> Result<(Self, Vec<(String, String)>)> {
        let mut known = HashMap::new();
        let mut unknown = Vec::new();
        for (name, domain) in handles {
            let account = match domain {
                Some(domain) => db::account::find_remote(conn, name, domain)?,
                None => db::account::find_local(conn, name)?,
            };
            match (account.filter(|a| a.suspended_at.is_none()), domain) {
                (Some(account), _) => {
                    known.insert((name.to_lowercase(), domain.clone()), account);
                }
                (None, Some(domain)) => unknown.push((name.clone(), domain.clone())),
                (None, None) => {}
            }
        }
        Ok((Self(known), unknown))
    }

    /// Adds one that was looked up elsewhere under this handle.
    pub fn insert(&mut self, name: &str, domain: &str, account: Account) {
        self.0.insert((name.to_lowercase(), Some(domain.to_owned())), account);
    }

    /// Whether a text names the account.
    pub(super) fn names(&self, site: &Site, text: &str, account_id: i64) -> bool {
        self.of(site, text).any(|account| account.id == account_id)
    }

    /// Whether a text names anybody else than the account.
    pub(super) fn names_others(&self, site: &Site, text: &str, account_id: i64) -> bool {
        self.of(site, text).any(|account| account.id != account_id)
    }

    fn of(&self, site: &Site, text: &str) -> impl Iterator<Item = &Account> {
        handles(site, text)
            .into_iter()
            .filter_map(|(name, domain)| self.0.get(&(name.to_lowercase(), domain)))
    }

    fn get(&self, site: &Site, name: &str, domain: Option<&str>) -> Option<&Account> {
        let domain = domain.filter(|domain| !site.is_own_domain(domain)).map(str::to_owned);
        self.0.get(&(name.to_lowercase(), domain))
    }
}

struct Linker<'a> {
    site: &'a Site,
    mentioned: &'a Mentioned,
}

impl Links for Linker<'_> {
    fn mention(&self, username: &str, domain: Option<&str>) -> Option<MentionLink> {
        self.mentioned.get(self.site, username, domain).map(|account| MentionLink {
            href: account.page().to_owned(),
            name: account.username.clone(),
        })
    }

    fn hashtag(&self, name: &str) -> String {
        self.site.tag(&hashtag::normalize(name).unwrap_or_else(|| name.to_lowercase()))
    }
}

/// A profile text as HTML.
pub fn render_profile(conn: &Conn, site: &Site, source: &str) -> Result<String> {
    if source.trim().is_empty() {
        return Ok(String::new());
    }
    let (mentioned, _) = Mentioned::find(conn, &handles(site, source))?;
    Ok(render::plain(source, &Linker { site, mentioned: &mentioned }))
}

/// The value of a profile field as HTML: one line.
pub fn render_field(conn: &Conn, site: &Site, source: &str) -> Result<String> {
    let (mentioned, _) = Mentioned::find(conn, &handles(site, source))?;
    Ok(crate::text::rel_me::field(source, &Linker { site, mentioned: &mentioned }))
}

/// Writes a status: the row, its mentions and tags, home timelines, notifications and deliveries,
/// all in this transaction. The same idempotency key again answers the first one's status.
///
/// # Errors
/// As [`super::plan`] says.
pub fn create(
    tx: &Tx<'_>,
    site: &Site,
    author: &Account,
    draft: Draft,
    mentioned: &Mentioned,
) -> Result<Status> {
    if let Some(key) = &draft.idempotency_key
        && let Some(id) = db::seen::idempotent(tx, author.id, key)?
        && let Some(status) = db::status::find(tx, id)?
    {
        return Ok(status);
    }
    let plan = plan(tx, site, author, &draft, mentioned)?;
    let course = interaction::course_of_reply(tx, site, author, plan.parent.as_ref())?;
    let (user, parent) = (&plan.user, &plan.parent);
    let written = write_text(site, &draft.text, plan.content_type, mentioned);
    let source = written.source.clone();
    let id = match draft.created_at {
        Some(time) => free_id_at(tx, time)?,
        None => tx.mint_id(),
    };
    let mut status = Status {
        id,
        uri: site.status(&author.username, id),
        url: Some(site.status_page(&author.username, id)),
        account_id: author.id,
        local: true,
        created_at: draft.created_at.unwrap_or(tx.now()),
        edited_at: None,
        visibility: plan.visibility,
        in_reply_to_id: parent.as_ref().map(|p| p.id),
        in_reply_to_account_id: parent.as_ref().map(|p| p.account_id),
        in_reply_to_uri: None,
        reply_to_other: parent.as_ref().is_some_and(|p| p.account_id != author.id),
        reblog_of_id: None,
        thread_id: parent.as_ref().map_or(0, |p| p.thread_id),
        spoiler_text: draft.spoiler_text.trim().to_owned(),
        content: match &plan.quoted {
            Some(quoted) => quote::with_line(written.content.clone(), quoted),
            None => written.content.clone(),
        },
        language: draft
            .language
            .or_else(|| user.default_language.clone())
            .or_else(|| language::detect(&source).map(str::to_owned))
            .or_else(|| Some(site.default_language.clone()).filter(|l| !l.is_empty())),
        text: Some(source),
        sensitive: draft.sensitive.unwrap_or(user.default_sensitive)
            || !draft.spoiler_text.trim().is_empty(),
        application_id: draft.application_id,
        emojis: Vec::new(),
        poll: plan.poll,
        replies_count: 0,
        reblogs_count: 0,
        favourites_count: 0,
        content_type: plan.content_type,
        quote_policy: plan.quote_policy,
        quotes_count: 0,
        policy: plan.policy,
        held: Held::Free,
        approval: None,
    };
    status.emojis = super::emoji::used(tx, site, status.words())?;
    db::status::insert(tx, &mut status)?;
    if let Some(policy) = &status.policy {
        db::interaction::set_policy(tx, status.id, Some(policy))?;
    }
    if let Some(poll) = &status.poll {
        poll::at_end(tx, status.id, poll)?;
    }
    if !plan.uploads.is_empty() {
        media::attach(tx, status.id, &plan.uploads)?;
    }
    let named = written.attach(tx, site, status.id, mentioned)?;
    let said = plan.uploads.iter().filter_map(|upload| upload.description.as_deref());
    db::search::index_new_status(tx, status.id, &words(&status, said))?;
    super::card::write(tx, site, &status)?;
    let quote = match &plan.quoted {
        Some(quoted) => Some(quote::attach(tx, author, &status, quoted)?),
        None => None,
    };
    if draft.created_at.is_some() {
        // it was always there: nobody is told, here or elsewhere
        remember(tx, author, draft.idempotency_key.as_deref(), &status)?;
        return Ok(status);
    }
    if course != Course::Free {
        wait(tx, site, author, &mut status, plan.parent.as_ref(), course)?;
        remember(tx, author, draft.idempotency_key.as_deref(), &status)?;
        return Ok(status);
    }
    timeline::fan_out(tx, &status, None)?;
    conversation::keep(tx, &status)?;
    for account in &named {
        if visibility::can_see(tx, account.id, &status)? {
            notification::notify(tx, account, NotificationKind::Mention, author, Some(&status))?;
        }
    }
    let mut inboxes = audience(tx, &status, &named)?;
    if quote.is_some() && status.visibility.is_open() {
        inboxes.extend(quote::asked_inbox(tx, &status)?);
    }
    let request = quote.as_ref().and_then(|quote| quote.request_uri.clone());
    // all that stands around it was written just now: none of it is read again
    let around = Around::of_new(&status, named, written.tags(), plan.parent, plan.uploads, quote);
    let activity = document::activity_with(tx, &around, site, &status, author)?;
    delivery::queue_status(tx, author, &activity, inboxes, status.id)?;
    relay::announce(tx, &status)?;
    if let (Some(request), Some(quoted)) = (request, &plan.quoted) {
        quote::ask(tx, site, author, &status, quoted, &request)?;
    }
    remember(tx, author, draft.idempotency_key.as_deref(), &status)?;
    Ok(status)
}

/// A reply that needs consent stays with its author, and is sent to nobody but who is asked
/// (F-332).
fn wait(
    tx: &Tx<'_>,
    site: &Site,
    author: &Account,
    status: &mut Status,
    parent: Option<&Status>,
    course: Course,
) -> Result<()> {
    status.held = Held::Pending;
    db::interaction::set_held(tx, status.id, status.held)?;
    let Some(parent) = parent.filter(|_| course == Course::Ask) else { return Ok(()) };
    let activity = document::activity(tx, site, status, author)?;
    let (kind, id, uri) = (InteractionKind::Reply, Some(status.id), status.uri.clone());
    interaction::ask(tx, kind, author, parent, id, &uri, activity)
}

fn remember(tx: &Tx<'_>, author: &Account, key: Option<&str>, status: &Status) -> Result<()> {
    match key {
        Some(key) => db::seen::remember(tx, author.id, key, status.id, tx.now() + IDEMPOTENCY),
        None => Ok(()),
    }
}

/// A text made ready to be stored.
pub(super) struct Written {
    /// As it was written, trimmed.
    pub source: String,
    /// HTML.
    pub content: String,
    entities: Vec<Entity>,
}

/// Renders a text. What stands in Markdown's code is no mention and no tag.
pub(super) fn write_text(
    site: &Site,
    text: &str,
    content_type: ContentType,
    mentioned: &Mentioned,
) -> Written {
    // Markdown reads the blanks that a text begins with
    let source = text.trim_end().trim_start_matches(['\n', '\r']);
    let linker = Linker { site, mentioned };
    let (source, content, entities) = match content_type {
        ContentType::Plain => (source.trim(), render::plain(source.trim(), &linker), scan(source)),
        ContentType::Markdown => {
            let (content, entities) = markdown::render(source, &linker);
            (source, content, entities)
        }
    };
    Written { source: source.to_owned(), content, entities }
}

impl Written {
    /// The names of its tags, each once.
    fn tags(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for entity in &self.entities {
            if let EntityKind::Hashtag { name } = &entity.kind
                && let Some(name) = hashtag::normalize(name)
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names
    }

    /// Puts the text's tags and mentions on a status; answers whom it names.
    pub(super) fn attach(
        &self,
        tx: &Tx<'_>,
        site: &Site,
        status_id: i64,
        mentioned: &Mentioned,
    ) -> Result<Vec<Account>> {
        let mut named: Vec<Account> = Vec::new();
        for entity in &self.entities {
            if let EntityKind::Mention { username, domain } = &entity.kind
                && let Some(account) = mentioned.get(site, username, domain.as_deref())
                && !named.iter().any(|a| a.id == account.id)
            {
                db::status::insert_mention(tx, status_id, account.id, false)?;
                named.push(account.clone());
            }
        }
        for name in self.tags() {
            let tag = db::status::tag_id(tx, &name)?;
            db::status::insert_tag(tx, status_id, tag)?;
        }
        Ok(named)
    }
}

/// 422 for an empty or too long text; it `may_be_empty` where something else says something.
pub(super) fn check_text(
    site: &Site,
    text: &str,
    spoiler_text: &str,
    may_be_empty: bool,
) -> Result<()> {
    if text.trim().is_empty() && !may_be_empty {
        return Err(Error::invalid("Validation failed: Text can't be blank"));
    }
    // bytes first: counting characters of a megabyte has a price (S-051)
    let most = site.max_characters;
    if text.len() + spoiler_text.len() > most.saturating_mul(16).max(65_536)
        || text::count(text.trim(), spoiler_text) > most
    {
        return Err(Error::invalid(format!(
            "Validation failed: Text character limit of {most} exceeded"
        )));
    }
    Ok(())
}

/// The inboxes of everybody who gets a status: those addressed, and the author of the parent,
/// who hears of an open reply that does not name it (F-219). Its Delete goes there too (F-220).
pub(super) fn audience(conn: &Conn, status: &Status, named: &[Account]) -> Result<Vec<String>> {
    if let Some(asked) = interaction::only_asked(conn, status)? {
        return Ok(asked);
    }
    let author = status.account_id;
    let mut inboxes = Vec::new();
    for account in named {
        inboxes.extend(delivery::inbox_of(conn, author, account)?);
    }
    if status.visibility != Visibility::Direct {
        inboxes.extend(db::follow::list_follower_inboxes(conn, author)?);
    }
    if status.visibility.is_open()
        && let Some(parent) = status.in_reply_to_account_id
        && let Some(account) = db::account::find(conn, parent)?
    {
        inboxes.extend(delivery::inbox_of(conn, author, &account)?);
    }
    inboxes.extend(relay::inboxes(conn, status, false)?);
    Ok(inboxes)
}

/// The inboxes of everybody who may have the status by now: its audience, those whom an earlier
/// version named, and who boosted, favourited or answered it or voted (F-220, F-221).
pub(super) fn reach(conn: &Conn, status: &Status) -> Result<Vec<String>> {
    if let Some(asked) = interaction::only_asked(conn, status)? {
        return Ok(asked);
    }
    let mentions = db::status::list_mentions(conn, &[status.id])?;
    let of = |wanted: bool| -> Result<Vec<Account>> {
        let ids = mentions.iter().filter(|(_, _, silent)| *silent == wanted);
        db::account::list(conn, &ids.map(|(_, account, _)| *account).collect::<Vec<_>>())
    };
    let mut inboxes = audience(conn, status, &of(false)?)?;
    for account in of(true)?.iter().filter(|account| !account.is_local()) {
        // it is not named any more: where not everybody may read it, what is said is not said
        // to the others behind its shared inbox (F-205)
        let own = account.inbox.as_deref().filter(|_| !status.visibility.is_open());
        inboxes.extend(own.or(account.delivery_inbox()).map(str::to_owned));
    }
    inboxes.extend(relay::inboxes(conn, status, true)?);
    // the request showed it, whoever else may read it
    inboxes.extend(quote::asked_inbox(conn, status)?);
    let mut interactors = db::mark::list_interactors(conn, status.id, 1000)?;
    if status.poll.is_some() {
        interactors.extend(db::poll::list_voters(conn, status.id, 1000)?);
    }
    if status.quotes_count > 0 {
        interactors.extend(db::quote::list_quoters(conn, status.id)?);
    }
    for account in db::account::list(conn, &interactors)? {
        // who only guessed its address learns nothing of its recipients
        if !account.is_local() && visibility::can_see(conn, account.id, status)? {
            inboxes.extend(delivery::inbox_of(conn, status.account_id, &account)?);
        }
    }
    Ok(inboxes)
}

/// Puts a status into the search index: its text, its choices and what its files show. They hang
/// on it by then.
pub fn index(tx: &Tx<'_>, status: &Status) -> Result<()> {
    let attached = db::upload::list_attachments(tx, &[status.id])?;
    let said = attached.iter().filter_map(Attachment::description);
    db::search::index_status(tx, status.id, &words(status, said))
}

/// What a search finds a status by: its own text, the choices of its poll and what its files show.
fn words<'a>(status: &'a Status, descriptions: impl Iterator<Item = &'a str>) -> String {
    let mut all = format!("{} {}", status.spoiler_text, sanitize::to_own_words(&status.content));
    let choices = status.poll.iter().flat_map(|poll| &poll.options).map(|(name, _)| name.as_str());
    for words in choices.chain(descriptions) {
        all.push('\n');
        all.push_str(words);
    }
    text::search::index(&all)
}

/// Leaves a tombstone of a local status that anybody could read. Of any other nobody learns that
/// it was there (S-088).
pub(super) fn bury(tx: &Tx<'_>, status: &Status) -> Result<()> {
    if status.local && status.visibility.is_open() {
        db::seen::bury(tx, &status.uri, true)?;
    }
    Ok(())
}

/// Deletes the account's own status, boost or not, and tells everybody who may have it (F-220).
///
/// # Errors
/// 404 when it is not there or not the account's own.
pub fn delete(tx: &Tx<'_>, site: &Site, author: &Account, id: i64) -> Result<Status> {
    let status = db::status::get(tx, id)?;
    if status.account_id != author.id {
        return Err(Error::NotFound);
    }
    if let Some(of) = status.reblog_of_id {
        unreblog(tx, site, author, of)?;
        return Ok(status);
    }
    let note = document::note(tx, site, &status, author)?;
    let inboxes = reach(tx, &status)?;
    let activity_id = format!("{}#delete", status.uri);
    let activity = build::delete(&author.uri, &status.uri, &note.to, &note.cc, &activity_id);
    bury(tx, &status)?;
    timeline::leave(tx, &status)?;
    conversation::step_back(tx, &status)?;
    // to be written anew, perhaps
    db::upload::set_loose(tx, status.id)?;
    db::status::delete(tx, status.id)?;
    conversation::left(tx, &status)?;
    delivery::queue(tx, author, &activity, inboxes)?;
    Ok(status)
}

/// Boosts a status; boosting again answers the boost that is there.
///
/// # Errors
/// 404 when the account may not read it, 403 when it is not for boosting (S-090).
pub fn reblog(
    tx: &Tx<'_>,
    site: &Site,
    account: &Account,
    id: i64,
    wanted: Option<Visibility>,
) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    if let Some(there) = db::status::find_reblog(tx, account.id, target.id)? {
        return Ok(there);
    }
    super::moving::may_act(account)?;
    let own_private = target.visibility == Visibility::Private && target.account_id == account.id;
    if !target.visibility.is_open() && !own_private {
        return Err(Error::Forbidden("This action is not allowed".into()));
    }
    let visibility = match wanted {
        Some(Visibility::Direct) => {
            return Err(Error::invalid("Validation failed: visibility cannot be direct"));
        }
        wanted => wanted.unwrap_or(Visibility::Public).max(target.visibility),
    };
    let kind = InteractionKind::Reblog;
    let target = match interaction::agree(tx, site, account, &target)? {
        true => db::status::get(tx, target.id)?,
        false => target,
    };
    let course = interaction::course(tx, account, &target, kind)?;
    let id = tx.mint_id();
    let uri = format!("{}/activity", site.status(&account.username, id));
    let mut boost = boost_of(&target, account.id, id, uri);
    boost.local = true;
    boost.visibility = visibility;
    boost.created_at = tx.now();
    db::status::insert(tx, &mut boost)?;
    if course != Course::Free {
        boost.held = Held::Pending;
        db::interaction::set_held(tx, boost.id, boost.held)?;
        let activity = document::activity(tx, site, &boost, account)?;
        interaction::ask(tx, kind, account, &target, Some(boost.id), &boost.uri, activity)?;
        return Ok(boost);
    }
    timeline::fan_out(tx, &boost, Some(&target))?;
    let author = db::account::get(tx, target.account_id)?;
    notification::notify(tx, &author, NotificationKind::Reblog, account, Some(&target))?;
    let activity = document::activity(tx, site, &boost, account)?;
    let inboxes = boost_audience(tx, account, &author)?;
    delivery::queue_status(tx, account, &activity, inboxes, boost.id)?;
    Ok(boost)
}

/// The row of a boost; visibility, time and place are the caller's to set.
pub fn boost_of(target: &Status, account_id: i64, id: i64, uri: String) -> Status {
    Status {
        id,
        url: Some(uri.clone()),
        uri,
        account_id,
        local: false,
        created_at: 0,
        edited_at: None,
        visibility: target.visibility,
        in_reply_to_id: None,
        in_reply_to_account_id: None,
        in_reply_to_uri: None,
        reply_to_other: false,
        reblog_of_id: Some(target.id),
        thread_id: 0,
        spoiler_text: String::new(),
        content: String::new(),
        text: None,
        language: target.language.clone(),
        sensitive: false,
        application_id: None,
        emojis: Vec::new(),
        poll: None,
        replies_count: 0,
        reblogs_count: 0,
        favourites_count: 0,
        content_type: ContentType::Plain,
        quote_policy: QuotePolicy::NOBODY,
        quotes_count: 0,
        policy: None,
        held: Held::Free,
        approval: None,
    }
}

/// Own followers and the boosted author (F-222).
pub(super) fn boost_audience(
    conn: &Conn,
    account: &Account,
    author: &Account,
) -> Result<Vec<String>> {
    let mut inboxes = db::follow::list_follower_inboxes(conn, account.id)?;
    if !author.is_local() {
        inboxes.extend(author.delivery_inbox().map(str::to_owned));
    }
    Ok(inboxes)
}

/// Takes a boost back; answers the status that was boosted. Without a boost nothing happens.
pub fn unreblog(tx: &Tx<'_>, site: &Site, account: &Account, id: i64) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    let Some(boost) = db::status::find_reblog(tx, account.id, target.id)? else {
        return Ok(target);
    };
    let author = db::account::get(tx, target.account_id)?;
    let announce = document::activity(tx, site, &boost, account)?;
    let undo = build::undo_of(&format!("{}/undo", boost.uri), &announce);
    let inboxes = match boost.held {
        Held::Free => boost_audience(tx, account, &author)?,
        _ => author.inbox.clone().filter(|_| !author.is_local()).into_iter().collect(),
    };
    timeline::leave(tx, &boost)?;
    db::status::delete(tx, boost.id)?;
    interaction::forget(tx, InteractionKind::Reblog, account.id, &target)?;
    db::notification::delete_matching(
        tx,
        author.id,
        NotificationKind::Reblog,
        account.id,
        Some(target.id),
    )?;
    delivery::queue(tx, account, &undo, inboxes)?;
    db::status::get(tx, target.id)
}

/// Favourites a status; again does nothing.
///
/// # Errors
/// 404 when the account may not read it.
pub fn favourite(tx: &Tx<'_>, account: &Account, id: i64) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    let author = db::account::get(tx, target.account_id)?;
    let uri = format!("{}#likes/{}", account.uri, tx.mint_id());
    let there = db::favourite::find(tx, account.id, target.id)?.is_some();
    if !there {
        super::moving::may_act(account)?;
        let kind = InteractionKind::Favourite;
        let course = interaction::course(tx, account, &target, kind)?;
        db::favourite::insert(tx, account.id, target.id, Some(&uri))?;
        index(tx, &target)?;
        if course != Course::Free {
            db::interaction::set_favourite_held(tx, account.id, target.id, true)?;
            let like = build::like(&uri, &account.uri, &target.uri, &author.uri);
            interaction::ask(tx, kind, account, &target, None, &uri, like)?;
            return db::status::get(tx, target.id);
        }
        notification::notify(tx, &author, NotificationKind::Favourite, account, Some(&target))?;
        let activity = build::like(&uri, &account.uri, &target.uri, &author.uri);
        delivery::queue_for(tx, account, &activity, &author)?;
    }
    db::status::get(tx, target.id)
}

/// Takes a favourite back; without one nothing happens.
pub fn unfavourite(tx: &Tx<'_>, account: &Account, id: i64) -> Result<Status> {
    let target = visibility::target(tx, account.id, id)?;
    if let Some(favourite) = db::favourite::remove(tx, account.id, target.id)? {
        interaction::forget(tx, InteractionKind::Favourite, account.id, &target)?;
        let author = db::account::get(tx, target.account_id)?;
        db::notification::delete_matching(
            tx,
            author.id,
            NotificationKind::Favourite,
            account.id,
            Some(target.id),
        )?;
        let uri = favourite.uri.unwrap_or_else(|| format!("{}#likes/{}", account.uri, target.id));
        let like = build::like(&uri, &account.uri, &target.uri, &author.uri);
        let undo: Value = build::undo_of(&format!("{uri}/undo"), &like);
        delivery::queue_for(tx, account, &undo, &author)?;
    }
    db::status::get(tx, target.id)
}
