//! Search: accounts, statuses and hashtags, and what an address or handle stands for.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use super::{Auth, cards, entity, remote, timelines};
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::federation::resolve::Found;
use crate::http::{self, Params};
use crate::model::{Account, Page, Status};
use crate::service::{self, visibility};
use crate::text::{self, hashtag, operators};

/// The longest text that is looked for, in bytes.
const LONGEST: usize = 2048;

/// What is asked for.
#[derive(Clone, Debug)]
struct Query {
    text: String,
    /// The text with its operators understood.
    words: operators::Query,
    resolve: bool,
    following: bool,
    offset: i64,
    limit: usize,
}

/// What a text may be instead of words to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// `@name@domain` or `@name`.
    Handle(String, Option<String>),
    /// An http address.
    Address(String),
    Words,
}

/// The answer of GET /api/v2/search.
#[derive(Debug, Default, Serialize)]
struct Results {
    accounts: Vec<entity::Account>,
    statuses: Vec<entity::Status>,
    hashtags: Vec<entity::FullTag>,
}

/// GET /api/v2/search.
pub(super) async fn all(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let query = read_query(&params, 20, 40)?;
    let kind = params.text("type")?.filter(|kind| !kind.is_empty()).map(str::to_owned);
    let author = params.id("account_id")?;
    let newer = Page {
        max_id: params.id("max_id")?,
        since_id: None,
        min_id: params.id("min_id")?,
        limit: query.limit,
    };
    let (found, exact) = find_target(&app, me, &query).await?;
    let results = super::read(&app, move |app, conn| {
        let wants = |name: &str| kind.as_deref().is_none_or(|kind| kind == name);
        let mut results = Results::default();
        // an address stands for one thing, which nothing else is like
        let words = !matches!(found, Target::Address(_));
        if wants("accounts") {
            let first = exact.as_ref().and_then(account_of);
            results.accounts = find_accounts(app, conn, me, &query, first, words)?;
        }
        if wants("statuses") {
            let found = match exact {
                Some(Found::Status(status)) => vec![status],
                _ if words => find_statuses(app, conn, me, &query, author, &newer)?,
                _ => Vec::new(),
            };
            cards::look(app, conn, me, &found)?;
            results.statuses = entity::statuses(conn, &app.site, me, found)?;
        }
        if wants("hashtags") && words {
            results.hashtags = find_tags(app, conn, me, &query)?;
        }
        Ok(results)
    });
    Ok(http::json(&results.await?))
}

/// GET /api/v1/accounts/search.
pub(super) async fn accounts(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let query = read_query(&params, 40, 80)?;
    let (found, exact) = find_target(&app, me, &query).await?;
    let accounts = super::read(&app, move |app, conn| {
        let words = !matches!(found, Target::Address(_));
        find_accounts(app, conn, me, &query, exact.as_ref().and_then(account_of), words)
    });
    Ok(http::json(&accounts.await?))
}

fn read_query(params: &Params, default: usize, most: usize) -> Result<Query> {
    let text = params.text("q")?.unwrap_or_default().trim().to_owned();
    if text.is_empty() {
        return Err(Error::BadRequest("param is missing or the value is empty: q".into()));
    }
    if text.len() > LONGEST {
        return Err(Error::invalid("Validation failed: q is too long"));
    }
    Ok(Query {
        words: operators::Query::read(&text),
        text,
        resolve: params.flag("resolve")?.unwrap_or(false),
        following: params.flag("following")?.unwrap_or(false),
        offset: params.offset()?,
        limit: params.limit(default, most)?,
    })
}

fn account_of(found: &Found) -> Option<&Account> {
    match found {
        Found::Account(account) => Some(account),
        Found::Status(_) => None,
    }
}

impl Target {
    fn read(text: &str) -> Self {
        if text.starts_with("https://") || text.starts_with("http://") {
            let whole = !text.contains(char::is_whitespace);
            return if whole { Self::Address(text.to_owned()) } else { Self::Words };
        }
        let text = text.strip_prefix("acct:").unwrap_or(text);
        let (bare, marked) = match text.strip_prefix('@') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        };
        match bare.split_once('@') {
            Some((name, domain))
                if is_name(name)
                    && !domain.is_empty()
                    && !domain.contains(|c: char| c.is_whitespace() || "/@?#".contains(c)) =>
            {
                Self::Handle(name.to_owned(), Some(domain.to_lowercase()))
            }
            None if marked && is_name(bare) => Self::Handle(bare.to_owned(), None),
            _ => Self::Words,
        }
    }
}

/// What the text names exactly, if it names something: stored here, or, when the client asks
/// for that, found on its own server. Only the first page asks.
async fn find_target(app: &Data<App>, me: i64, query: &Query) -> Result<(Target, Option<Found>)> {
    let target = Target::read(&query.text);
    if query.offset > 0 || target == Target::Words {
        return Ok((target, None));
    }
    let looked_for = target.clone();
    let here = super::read(app, move |app, conn| find_here(app, conn, &looked_for)).await?;
    let found = match (here, &target) {
        (Some(found), _) => Some(found),
        (None, Target::Handle(name, Some(domain)))
            if query.resolve && !app.site.is_own_domain(domain) =>
        {
            remote::account(app, name, domain).await?.map(Found::Account)
        }
        (None, Target::Address(address)) if query.resolve && !app.site.owns(address) => {
            remote::any(app, address).await?
        }
        _ => None,
    };
    let found = super::read(app, move |_, conn| match found {
        // what may not be read is not there
        Some(Found::Status(status)) => match visibility::get(conn, me, status.id) {
            Ok(status) => Ok(Some(Found::Status(status))),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        },
        Some(Found::Account(account)) if account.suspended_at.is_some() => Ok(None),
        found => Ok(found),
    });
    Ok((target, found.await?))
}

fn find_here(app: &App, conn: &Conn, target: &Target) -> Result<Option<Found>> {
    Ok(match target {
        Target::Handle(name, domain) => {
            let handle = match domain {
                Some(domain) => format!("{name}@{domain}"),
                None => name.clone(),
            };
            service::account::find_by_handle(conn, &app.site, &handle)?.map(Found::Account)
        }
        Target::Address(address) => match db::status::find_by_uri_or_url(conn, address)? {
            Some(status) => Some(Found::Status(status)),
            None => db::account::find_by_uri_or_url(conn, address)?.map(Found::Account),
        },
        Target::Words => None,
    })
}

/// The account that was named first, then those whose names match.
fn find_accounts(
    app: &App,
    conn: &Conn,
    me: i64,
    query: &Query,
    exact: Option<&Account>,
    words: bool,
) -> Result<Vec<entity::Account>> {
    let mut ids: Vec<i64> = exact
        .filter(|account| account.id != crate::model::INSTANCE_ACTOR)
        .map(|account| account.id)
        .into_iter()
        .collect();
    if query.following
        && let Some(id) = ids.first().copied()
        && !db::follow::is_following(conn, me, id)?
    {
        ids.clear();
    }
    if words && let Some(expression) = text::search::query(&query.words.plain.replace('@', " ")) {
        let limit = i64::try_from(query.limit).unwrap_or(40);
        for id in
            db::search::find_accounts(conn, me, &expression, query.following, query.offset, limit)?
        {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
    }
    ids.truncate(query.limit);
    let shown = entity::accounts(&app.site, &ids, db::account::list_shown(conn, &ids)?);
    entity::with_moved(conn, &app.site, shown)
}

fn find_statuses(
    app: &App,
    conn: &Conn,
    me: i64,
    query: &Query,
    author: Option<i64>,
    page: &Page,
) -> Result<Vec<Status>> {
    let words = &query.words;
    let ids = service::search::statuses(conn, &app.site, me, words, author, page, query.offset)?;
    Ok(timelines::in_order(&ids, db::status::list(conn, &ids)?))
}

/// Tags that begin with the text, or with what stands behind its `#`.
fn find_tags(app: &App, conn: &Conn, me: i64, query: &Query) -> Result<Vec<entity::FullTag>> {
    let Some(prefix) = hashtag::normalize(&query.words.plain) else { return Ok(Vec::new()) };
    let limit = i64::try_from(query.limit).unwrap_or(40);
    let found = db::search::find_tags(conn, me, &prefix, query.offset, limit)?;
    entity::tags(conn, &app.site, me, &found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_handle_an_address_or_words() {
        let handle = |name: &str, domain: Option<&str>| {
            Target::Handle(name.to_owned(), domain.map(str::to_owned))
        };
        assert_eq!(Target::read("@me@A.example"), handle("me", Some("a.example")));
        assert_eq!(Target::read("me@a.example"), handle("me", Some("a.example")));
        assert_eq!(Target::read("acct:me@a.example:3000"), handle("me", Some("a.example:3000")));
        assert_eq!(Target::read("@me"), handle("me", None));
        assert_eq!(
            Target::read("https://a.example/@me/1"),
            Target::Address("https://a.example/@me/1".to_owned())
        );
        for words in ["me", "a b@c", "@", "@a@", "a@b c", "https://a.example is down", "@字"] {
            assert_eq!(Target::read(words), Target::Words, "{words}");
        }
    }
}
