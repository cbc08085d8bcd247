//! Accounts as an administrator looks for them.

use rusqlite::ToSql;

use super::{Conn, most};
use crate::error::Result;
use crate::model::Page;
use crate::text::search;

/// Which accounts are wanted; all conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// `Some(true)`: the people of this server, `Some(false)`: all others.
    pub local: Option<bool>,
    pub active: bool,
    pub disabled: bool,
    pub silenced: bool,
    pub suspended: bool,
    /// Not those that only a block of their domain limits.
    pub by_hand: bool,
    /// Admins only.
    pub staff: bool,
    /// The beginning of the user name.
    pub username: Option<String>,
    /// A part of the shown name.
    pub display_name: Option<String>,
    pub domain: Option<String>,
    /// A part of the e-mail address.
    pub email: Option<String>,
}

/// Ids of a page of accounts, newest first.
pub fn list_accounts(conn: &Conn, wanted: &Wanted, page: &Page) -> Result<Vec<i64>> {
    let of_people =
        wanted.local == Some(true) || wanted.disabled || wanted.staff || wanted.email.is_some();
    let from = if of_people {
        "user u CROSS JOIN account a ON a.id = u.account_id"
    } else if wanted.suspended {
        "account a INDEXED BY account_suspended"
    } else if wanted.silenced {
        "account a INDEXED BY account_silenced"
    } else {
        "account a"
    };
    let id = if of_people { "u.account_id" } else { "a.id" };
    let mut sql =
        format!("SELECT {id} FROM {from} WHERE {id} < :below AND {id} > :above AND {id} > 1");
    let (below, above, limit) = (page.below(), page.above(), most(page));
    let mut args: Vec<(&str, &dyn ToSql)> =
        vec![(":below", &below), (":above", &above), (":limit", &limit)];
    for (on, condition) in [
        (wanted.local == Some(false), " AND a.domain IS NOT NULL"),
        (wanted.local == Some(true), " AND a.domain IS NULL"),
        (wanted.active, " AND a.suspended_at IS NULL"),
        (wanted.disabled, " AND u.disabled = 1"),
        (wanted.silenced, " AND a.silenced_at IS NOT NULL"),
        (wanted.suspended, " AND a.suspended_at IS NOT NULL"),
        (wanted.by_hand, " AND a.limited_by_domain = 0"),
        (wanted.staff, " AND u.admin = 1"),
        (wanted.username.is_some(), " AND instr(lower(a.username), lower(:username)) = 1"),
        (wanted.display_name.is_some(), " AND instr(lower(a.display_name), lower(:name)) > 0"),
        (wanted.domain.is_some(), " AND a.domain = :domain"),
        (wanted.email.is_some(), " AND instr(lower(u.email), lower(:email)) > 0"),
    ] {
        if on {
            sql.push_str(condition);
        }
    }
    // the words lead to the few that can be meant; the condition above decides
    let text = wanted.username.as_ref().or(wanted.display_name.as_ref());
    let words = text.and_then(|text| search::query(text));
    if words.is_some() && !of_people {
        sql.push_str(
            " AND a.id IN (SELECT rowid FROM account_search WHERE account_search MATCH :words)",
        );
        args.push((":words", &words));
    }
    for (name, value) in [
        (":username", &wanted.username),
        (":name", &wanted.display_name),
        (":domain", &wanted.domain),
        (":email", &wanted.email),
    ] {
        if value.is_some() {
            args.push((name, value));
        }
    }
    sql.push_str(&format!(" ORDER BY {id} {} LIMIT :limit", page.order()));
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], |row| row.get(0))?;
    let mut ids: Vec<i64> = rows.collect::<rusqlite::Result<_>>()?;
    if page.ascending() {
        ids.reverse();
    }
    Ok(ids)
}
