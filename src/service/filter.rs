//! Filters: what one may be made of, and what it finds. Nothing is taken out of answers: each
//! status says which filters found it, and the client shows it accordingly, as in Mastodon.

use std::collections::HashMap;

use crate::db::filter::{Action, Filter, Keyword, Named};
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::text::phrase::{Folded, Phrase};

use super::visibility;

/// Where filters can count.
const CONTEXTS: [&str; 5] = ["home", "notifications", "public", "thread", "account"];
/// How many filters one may have, with how many words each and in all, and how many statuses.
const MOST_FILTERS: usize = 100;
const MOST_KEYWORDS: usize = 100;
const MOST_KEYWORDS_IN_ALL: usize = 1000;
const MOST_STATUSES: usize = 100;
/// The longest title and word, in characters, as in Mastodon (S-051).
const LONGEST_TITLE: usize = 256;
const LONGEST_KEYWORD: usize = 512;

/// How a filter shall be; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub title: Option<String>,
    pub contexts: Option<Vec<String>>,
    pub action: Option<Action>,
    /// `Some(None)`: for good. Seconds from now.
    pub expires_in: Option<Option<i64>>,
    pub keywords: Vec<KeywordChange>,
}

/// A word to add, to change or to remove.
#[derive(Clone, Debug, Default)]
pub struct KeywordChange {
    /// `None`: a new one.
    pub id: Option<i64>,
    pub keyword: Option<String>,
    pub whole_word: Option<bool>,
    pub remove: bool,
}

/// The account's filter.
///
/// # Errors
/// 404 for anybody else's (S-082).
pub fn get(conn: &Conn, account: i64, id: i64) -> Result<Filter> {
    db::filter::find(conn, account, id)?.ok_or(Error::NotFound)
}

/// A word of one of the account's filters; 404 for anybody else's.
pub fn get_keyword(conn: &Conn, account: i64, id: i64) -> Result<Keyword> {
    db::filter::find_keyword(conn, account, id)?.ok_or(Error::NotFound)
}

/// A status named in one of the account's filters; 404 for anybody else's.
pub fn get_status(conn: &Conn, account: i64, id: i64) -> Result<Named> {
    db::filter::find_status(conn, account, id)?.ok_or(Error::NotFound)
}

/// Makes a filter with its words.
///
/// # Errors
/// 422 where a field is missing, too long or one too many.
pub fn create(tx: &Tx<'_>, account: i64, change: Change) -> Result<Filter> {
    if db::filter::list(tx, account)?.len() >= MOST_FILTERS {
        return Err(Error::invalid(format!(
            "Validation failed: at most {MOST_FILTERS} filters are kept"
        )));
    }
    let mut filter = Filter {
        id: 0,
        account_id: account,
        title: String::new(),
        contexts: Vec::new(),
        action: Action::default(),
        expires_at: None,
    };
    apply(tx, &mut filter, &change)?;
    filter.id = db::filter::insert(tx, &filter)?;
    change_keywords(tx, &filter, change.keywords)?;
    Ok(filter)
}

/// Changes a filter and its words.
pub fn update(tx: &Tx<'_>, account: i64, id: i64, change: Change) -> Result<Filter> {
    let mut filter = get(tx, account, id)?;
    apply(tx, &mut filter, &change)?;
    db::filter::update(tx, &filter)?;
    change_keywords(tx, &filter, change.keywords)?;
    Ok(filter)
}

fn apply(tx: &Tx<'_>, filter: &mut Filter, change: &Change) -> Result<()> {
    if let Some(title) = &change.title {
        filter.title.clone_from(title);
    }
    if let Some(contexts) = &change.contexts {
        filter.contexts.clear();
        for context in contexts {
            if !filter.contexts.contains(context) {
                filter.contexts.push(context.clone());
            }
        }
    }
    filter.action = change.action.unwrap_or(filter.action);
    if let Some(seconds) = change.expires_in {
        filter.expires_at = seconds.map(|s| tx.now().saturating_add(s.saturating_mul(1000)));
    }
    check_text("Title", &filter.title, LONGEST_TITLE)?;
    let is_known = |context: &String| CONTEXTS.contains(&context.as_str());
    if filter.contexts.is_empty() || !filter.contexts.iter().all(is_known) {
        return Err(Error::invalid("Validation failed: Context None or invalid context supplied"));
    }
    Ok(())
}

fn check_text(field: &str, text: &str, longest: usize) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::invalid(format!("Validation failed: {field} can't be blank")));
    }
    if text.chars().count() > longest {
        return Err(Error::invalid(format!(
            "Validation failed: {field} is too long (maximum is {longest} characters)"
        )));
    }
    Ok(())
}

fn change_keywords(tx: &Tx<'_>, filter: &Filter, changes: Vec<KeywordChange>) -> Result<()> {
    // before any work on a foreign list
    if changes.len() > MOST_KEYWORDS * 2 {
        return Err(too_many_keywords());
    }
    for change in changes {
        match change.id {
            None if change.remove => {}
            None => {
                let word = change.keyword.unwrap_or_default();
                add_keyword(tx, filter, &word, change.whole_word.unwrap_or(true))?;
            }
            Some(id) => {
                let there = get_keyword(tx, filter.account_id, id)?;
                if there.filter_id != filter.id {
                    return Err(Error::NotFound);
                }
                if change.remove {
                    db::filter::delete_keyword(tx, id)?;
                } else {
                    write_keyword(tx, there, change.keyword, change.whole_word)?;
                }
            }
        }
    }
    Ok(())
}

fn too_many_keywords() -> Error {
    Error::invalid(format!(
        "Validation failed: Keywords: at most {MOST_KEYWORDS} in one filter and \
         {MOST_KEYWORDS_IN_ALL} in all"
    ))
}

/// Adds a word to a filter.
pub fn add_keyword(tx: &Tx<'_>, filter: &Filter, word: &str, whole_word: bool) -> Result<Keyword> {
    check_text("Keyword", word, LONGEST_KEYWORD)?;
    let id = db::filter::insert_keyword(tx, filter.id, word, whole_word)?;
    let ids: Vec<i64> = db::filter::list(tx, filter.account_id)?.iter().map(|f| f.id).collect();
    let all = db::filter::list_keywords(tx, &ids)?;
    let here = all.iter().filter(|one| one.filter_id == filter.id).count();
    if here > MOST_KEYWORDS || all.len() > MOST_KEYWORDS_IN_ALL {
        return Err(too_many_keywords());
    }
    Ok(Keyword { id, filter_id: filter.id, keyword: word.to_owned(), whole_word })
}

/// Changes a word.
pub fn write_keyword(
    tx: &Tx<'_>,
    mut keyword: Keyword,
    word: Option<String>,
    whole_word: Option<bool>,
) -> Result<Keyword> {
    if let Some(word) = word {
        check_text("Keyword", &word, LONGEST_KEYWORD)?;
        keyword.keyword = word;
    }
    keyword.whole_word = whole_word.unwrap_or(keyword.whole_word);
    db::filter::update_keyword(tx, &keyword)?;
    Ok(keyword)
}

/// Adds a status to a filter.
///
/// # Errors
/// 404 for one that the account cannot see, 422 for one that is in the filter already.
pub fn add_status(tx: &Tx<'_>, filter: &Filter, status: i64) -> Result<Named> {
    let status = visibility::get(tx, filter.account_id, status)?;
    let id = db::filter::insert_status(tx, filter.id, status.id)?
        .ok_or_else(|| Error::invalid("Validation failed: Status has already been taken"))?;
    if db::filter::list_statuses(tx, &[filter.id])?.len() > MOST_STATUSES {
        return Err(Error::invalid(format!(
            "Validation failed: Statuses: at most {MOST_STATUSES} in one filter"
        )));
    }
    Ok(Named { id, filter_id: filter.id, status_id: status.id })
}

/// Removes a word as the old API does, where a word is the filter: with the last one goes what
/// nothing hangs on any more.
pub fn remove_last(tx: &Tx<'_>, keyword: &Keyword) -> Result<()> {
    db::filter::delete_keyword(tx, keyword.id)?;
    let of = [keyword.filter_id];
    if db::filter::list_keywords(tx, &of)?.is_empty()
        && db::filter::list_statuses(tx, &of)?.is_empty()
    {
        db::filter::delete(tx, keyword.filter_id)?;
    }
    Ok(())
}

/// Changes the filter of a word as the old API does.
///
/// # Errors
/// 422 when that would change what other words are filtered by.
pub fn update_old(tx: &Tx<'_>, keyword: &Keyword, account: i64, change: Change) -> Result<Filter> {
    let mut filter = get(tx, account, keyword.filter_id)?;
    let before = filter.clone();
    apply(tx, &mut filter, &change)?;
    if filter != before {
        if db::filter::list_keywords(tx, &[filter.id])?.len() > 1 {
            return Err(Error::invalid(
                "These parameters cannot be changed from this application because they apply to \
                 more than one filter keyword. Use a more recent application or the web interface.",
            ));
        }
        db::filter::update(tx, &filter)?;
    }
    Ok(filter)
}

/// Somebody's filters that count now, ready to look for things: made once a request.
#[derive(Debug, Default)]
pub struct Filters {
    filters: Vec<Ready>,
}

#[derive(Debug)]
struct Ready {
    filter: Filter,
    phrases: Vec<Phrase>,
    statuses: Vec<i64>,
}

/// That a filter found a status, and by what.
#[derive(Debug)]
pub struct Hit<'a> {
    pub filter: &'a Filter,
    /// As they are written in the status.
    pub keywords: Vec<String>,
    pub statuses: Vec<i64>,
}

impl Filters {
    /// Reads them; `viewer` 0 has none.
    pub fn read(conn: &Conn, viewer: i64) -> Result<Self> {
        if viewer == 0 {
            return Ok(Self::default());
        }
        let now = conn.now();
        let mut filters = db::filter::list(conn, viewer)?;
        filters.retain(|filter| filter.expires_at.is_none_or(|at| at > now));
        if filters.is_empty() {
            return Ok(Self::default());
        }
        let ids: Vec<i64> = filters.iter().map(|filter| filter.id).collect();
        let mut phrases: HashMap<i64, Vec<Phrase>> = HashMap::new();
        for one in db::filter::list_keywords(conn, &ids)? {
            let phrase = Phrase::new(&one.keyword, one.whole_word);
            phrases.entry(one.filter_id).or_default().push(phrase);
        }
        let mut statuses: HashMap<i64, Vec<i64>> = HashMap::new();
        for one in db::filter::list_statuses(conn, &ids)? {
            statuses.entry(one.filter_id).or_default().push(one.status_id);
        }
        let filters = filters
            .into_iter()
            .map(|filter| Ready {
                phrases: phrases.remove(&filter.id).unwrap_or_default(),
                statuses: statuses.remove(&filter.id).unwrap_or_default(),
                filter,
            })
            .collect();
        Ok(Self { filters })
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// What finds a status with this text; `ids` are its own and, for a boost, the boosted one's.
    pub fn find(&self, text: &str, ids: &[i64]) -> Vec<Hit<'_>> {
        let folded = Folded::new(text);
        let mut hits = Vec::new();
        for ready in &self.filters {
            let mut keywords: Vec<String> = Vec::new();
            for found in ready.phrases.iter().filter_map(|phrase| phrase.find(&folded)) {
                if !keywords.iter().any(|known| known == found) {
                    keywords.push(found.to_owned());
                }
            }
            let statuses: Vec<i64> =
                ids.iter().copied().filter(|id| ready.statuses.contains(id)).collect();
            if !keywords.is_empty() || !statuses.is_empty() {
                hits.push(Hit { filter: &ready.filter, keywords, statuses });
            }
        }
        hits
    }
}
