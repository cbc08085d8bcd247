//! Timelines of tags.

use rusqlite::ToSql;

use super::status::{COLUMNS, many};
use super::{Conn, json_ids, visible};
use crate::error::Result;
use crate::model::{Page, Status};

/// Which statuses with a tag are wanted.
#[derive(Clone, Debug, Default)]
pub struct Tagged {
    pub tag: i64,
    /// Tags that they have as well.
    pub all: Vec<i64>,
    /// Tags that they do not have.
    pub none: Vec<i64>,
    pub only_local: bool,
    pub only_remote: bool,
    pub only_media: bool,
}

/// Public statuses with a tag (F-289), newest first however the page was cut.
pub fn list(conn: &Conn, viewer: i64, what: &Tagged, page: &Page) -> Result<Vec<Status>> {
    let mut condition = format!(
        "st.tag_id = :tag AND st.status_id < :below AND st.status_id > :above
         AND s.visibility = 0 AND {} AND {}",
        visible::readable("s"),
        visible::found("s")
    );
    if what.only_local {
        condition.push_str(" AND s.local = 1");
    }
    if what.only_remote {
        condition.push_str(" AND s.local = 0");
    }
    if what.only_media {
        condition.push_str(" AND ");
        condition.push_str(super::status::HAS_MEDIA);
    }
    let (all, none) = (json_ids(&what.all), json_ids(&what.none));
    let (below, above, now, limit) = (page.below(), page.above(), conn.now(), super::most(page));
    let mut args: Vec<(&str, &dyn ToSql)> = vec![
        (":tag", &what.tag),
        (":below", &below),
        (":above", &above),
        (":limit", &limit),
        (":viewer", &viewer),
        (":now", &now),
    ];
    if !what.all.is_empty() {
        condition.push_str(
            " AND NOT EXISTS (SELECT 1 FROM json_each(:all) j WHERE NOT EXISTS (
               SELECT 1 FROM status_tag x WHERE x.tag_id = j.value AND x.status_id = s.id))",
        );
        args.push((":all", &all));
    }
    if !what.none.is_empty() {
        condition.push_str(
            " AND NOT EXISTS (SELECT 1 FROM json_each(:none) j CROSS JOIN status_tag x
               ON x.tag_id = j.value AND x.status_id = s.id)",
        );
        args.push((":none", &none));
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM status_tag st CROSS JOIN status s ON s.id = st.status_id
         WHERE {condition} ORDER BY st.status_id {} LIMIT :limit",
        page.order()
    );
    let mut found = many(conn, &sql, &args)?;
    if page.ascending() {
        found.reverse();
    }
    Ok(found)
}
