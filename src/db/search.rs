//! Full text search. Words come prepared from `text::search`; nothing here knows languages.

use rusqlite::{ToSql, params};

use super::{Conn, Tx};
use crate::clock::DAY;
use crate::error::Result;
use crate::id;
use crate::model::Page;

/// Puts an account's words into the index, in place of the old ones.
pub fn index_account(tx: &Tx<'_>, id: i64, words: &str) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM account_search WHERE rowid = ?")?.execute([id])?;
    tx.sql
        .prepare_cached("INSERT INTO account_search (rowid, words) VALUES (?, ?)")?
        .execute(params![id, words])?;
    Ok(())
}

/// Puts a status's words into the index, in place of the old ones.
pub fn index_status(tx: &Tx<'_>, id: i64, words: &str) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM status_search WHERE rowid = ?")?.execute([id])?;
    index_new_status(tx, id, words)
}

/// The same for one that is not in the index yet.
pub fn index_new_status(tx: &Tx<'_>, id: i64, words: &str) -> Result<()> {
    tx.sql
        .prepare_cached("INSERT INTO status_search (rowid, words) VALUES (?, ?)")?
        .execute(params![id, words])?;
    Ok(())
}

/// Whether a status is in the index.
pub fn has_status(conn: &Conn, id: i64) -> Result<bool> {
    Ok(conn.sql.prepare_cached("SELECT 1 FROM status_search WHERE rowid = ?")?.exists([id])?)
}

/// Accounts that match an FTS5 expression: those the viewer follows first, then the most
/// followed. `following`: only those. Of others a bounded number is weighed, however short the
/// beginning of a name is; of those that one follows none is missed.
pub fn find_accounts(
    conn: &Conn,
    viewer: i64,
    expression: &str,
    following: bool,
    offset: i64,
    limit: i64,
) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "WITH m AS MATERIALIZED (
           SELECT rowid AS id FROM account_search WHERE account_search MATCH ?2 LIMIT 100000)
         SELECT a.id, EXISTS (SELECT 1 FROM follow f WHERE f.account_id = ?1
             AND f.target_id = a.id AND f.accepted = 1) AS known
         FROM (SELECT id FROM (SELECT id FROM m LIMIT 1000)
               UNION SELECT k.target_id FROM follow k
                 WHERE k.account_id = ?1 AND k.target_id IN (SELECT id FROM m)) c
         CROSS JOIN account a ON a.id = c.id
         WHERE a.suspended_at IS NULL AND a.id > 1 AND (?3 = 0 OR known)
           AND NOT EXISTS (SELECT 1 FROM block b WHERE b.account_id = a.id AND b.target_id = ?1)
         ORDER BY known DESC, a.followers_count DESC, a.id LIMIT ?4 OFFSET ?5",
    )?;
    let rows = statement
        .query_map(params![viewer, expression, following, limit, offset], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Tags that begin with `prefix`, the shortest first: those that somebody used in public or the
/// viewer used or follows. What others write in private is nobody's to guess.
pub fn find_tags(
    conn: &Conn,
    viewer: i64,
    prefix: &str,
    offset: i64,
    limit: i64,
) -> Result<Vec<(i64, String)>> {
    // a range instead of LIKE: the index on the name serves it
    let mut statement = conn.sql.prepare_cached(
        "SELECT t.id, t.name FROM tag t WHERE t.name >= ?1 AND t.name < ?2
           AND (EXISTS (SELECT 1 FROM status_tag st CROSS JOIN status s ON s.id = st.status_id
               WHERE st.tag_id = t.id AND (s.visibility < 2 OR s.account_id = ?5))
             OR EXISTS (SELECT 1 FROM followed_tag f WHERE f.account_id = ?5 AND f.tag_id = t.id))
         ORDER BY t.name LIMIT ?3 OFFSET ?4",
    )?;
    let end = format!("{prefix}\u{10FFFF}");
    let rows = statement.query_map(params![prefix, end, limit, offset, viewer], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What is wanted of statuses. Empty lists and `None` mean that it does not matter.
#[derive(Clone, Debug, Default)]
pub struct Statuses {
    /// FTS5 expressions: what must match, what must not.
    pub words: Option<String>,
    pub without: Option<String>,
    pub from: Vec<i64>,
    pub not_from: Vec<i64>,
    pub languages: Vec<String>,
    pub not_languages: Vec<String>,
    pub media: Option<bool>,
    pub poll: Option<bool>,
    pub link: Option<bool>,
    pub embed: Option<bool>,
    pub reply: Option<bool>,
    pub sensitive: Option<bool>,
    pub since: Option<i64>,
    pub until: Option<i64>,
    /// Only what the viewer wrote, was sent, favourited or bookmarked; only what is public.
    pub library: bool,
    pub public: bool,
}

/// How many of the newest candidates are looked at.
const CANDIDATES: i64 = 10_000;
/// How much later than it was written a status may have arrived and still be found by its day.
const LATE: i64 = 2 * DAY;

/// Statuses that are as wanted and that `viewer` may read, newest first, among the newest
/// candidates: those with the words, else those of the author, else all.
pub fn find_statuses(
    conn: &Conn,
    viewer: i64,
    what: &Statuses,
    page: &Page,
    offset: i64,
) -> Result<Vec<i64>> {
    // one search for what must match and what must not; without words those are one list, made once
    let words = match (&what.words, &what.without) {
        (Some(words), Some(without)) => Some(format!("({words}) NOT ({without})")),
        (words, _) => words.clone(),
    };
    let without = what.without.as_ref().filter(|_| words.is_none());
    // ids follow the time of arrival, which comes after that of writing, though rarely by days
    let (mut below, mut above) = (page.below(), page.above());
    if let Some(until) = what.until {
        below = below.min(id::from_ms(until.saturating_add(LATE)));
    }
    if let Some(since) = what.since {
        above = above.max(id::from_ms(since.saturating_sub(LATE)));
    }
    let among = match (&words, what.from.as_slice()) {
        (Some(_), _) => {
            "SELECT rowid AS id FROM status_search WHERE words MATCH :words
             AND rowid < :below AND rowid > :above ORDER BY rowid DESC LIMIT :candidates"
        }
        (None, [_]) => {
            "SELECT id FROM status WHERE account_id = :author AND id < :below AND id > :above
             ORDER BY id DESC LIMIT :candidates"
        }
        (None, _) => {
            "SELECT id FROM status WHERE id < :below AND id > :above
             ORDER BY id DESC LIMIT :candidates"
        }
    };
    let (readable, wanted) = (super::visible::readable("s"), super::visible::found("s"));
    let is =
        |name: &str, condition: &str| format!("AND (:{name} IS NULL OR :{name} = ({condition}))");
    let of_language = |list: &str| {
        format!(
            "EXISTS (SELECT 1 FROM json_each(:{list}) l
               WHERE s.language = l.value OR substr(s.language, 1, length(l.value) + 1) = l.value || '-')"
        )
    };
    let library = "s.account_id = :viewer
      OR EXISTS (SELECT 1 FROM mention lm WHERE lm.status_id = s.id AND lm.account_id = :viewer)
      OR EXISTS (SELECT 1 FROM favourite lf WHERE lf.status_id = s.id AND lf.account_id = :viewer)
      OR EXISTS (SELECT 1 FROM bookmark lb WHERE lb.status_id = s.id AND lb.account_id = :viewer)
      OR EXISTS (SELECT 1 FROM poll_vote lp WHERE lp.status_id = s.id AND lp.account_id = :viewer)";
    let mut sql = format!(
        "SELECT s.id FROM ({among}) m CROSS JOIN status s ON s.id = m.id
         WHERE s.reblog_of_id IS NULL AND {readable} AND {wanted}
           AND (:from = '[]' OR s.account_id IN (SELECT value FROM json_each(:from)))
           AND s.account_id NOT IN (SELECT value FROM json_each(:not_from))
           AND (:languages = '[]' OR {})
           AND (:not_languages = '[]' OR NOT {})
           AND (:since IS NULL OR s.created_at >= :since)
           AND (:until IS NULL OR s.created_at < :until)
           AND (:public = 0 OR s.visibility = 0) AND (:library = 0 OR {library})
           {} {} {} {} {} {}",
        of_language("languages"),
        of_language("not_languages"),
        is("media", super::status::HAS_MEDIA),
        is("poll", "s.poll IS NOT NULL"),
        is("link", "EXISTS (SELECT 1 FROM status_card hc WHERE hc.status_id = s.id)"),
        is(
            "embed",
            "EXISTS (SELECT 1 FROM status_card he CROSS JOIN card ce ON ce.id = he.card_id
               WHERE he.status_id = s.id AND ce.state = 1 AND ce.kind > 0)"
        ),
        is("reply", "s.in_reply_to_id IS NOT NULL OR s.in_reply_to_uri IS NOT NULL"),
        is("sensitive", "s.sensitive"),
    );
    if without.is_some() {
        sql.push_str(
            " AND s.id NOT IN (SELECT rowid FROM status_search
               WHERE words MATCH :without AND rowid < :below AND rowid > :above)",
        );
    }
    if words.is_none() {
        // as the index: what others wrote elsewhere is looked through on one's own account only
        sql.push_str(&format!(" AND (s.local = 1 OR :from <> '[]' OR {library})"));
    }
    // the candidates come newest first and are joined one by one, so there is nothing to sort: a
    // common word costs as many rows as are shown
    sql.push_str(" LIMIT :limit OFFSET :offset");
    let list = |texts: &[String]| serde_json::to_string(texts).unwrap_or_else(|_| "[]".into());
    let (now, limit) = (conn.now(), super::most(page));
    let (from, not_from) = (super::json_ids(&what.from), super::json_ids(&what.not_from));
    let (languages, not_languages) = (list(&what.languages), list(&what.not_languages));
    let author = what.from.first().copied().unwrap_or(0);
    let mut args: Vec<(&str, &dyn ToSql)> = vec![
        (":candidates", &CANDIDATES),
        (":below", &below),
        (":above", &above),
        (":viewer", &viewer),
        (":now", &now),
        (":from", &from),
        (":not_from", &not_from),
        (":languages", &languages),
        (":not_languages", &not_languages),
        (":since", &what.since),
        (":until", &what.until),
        (":public", &what.public),
        (":library", &what.library),
        (":media", &what.media),
        (":poll", &what.poll),
        (":link", &what.link),
        (":embed", &what.embed),
        (":reply", &what.reply),
        (":sensitive", &what.sensitive),
        (":limit", &limit),
        (":offset", &offset),
    ];
    match (&words, what.from.as_slice()) {
        (Some(words), _) => args.push((":words", words)),
        (None, [_]) => args.push((":author", &author)),
        (None, _) => {}
    }
    if let Some(without) = &without {
        args.push((":without", without));
    }
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
