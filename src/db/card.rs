//! Previews of links: one row a link, and which statuses have it.

use rusqlite::{Row, ToSql, named_params, params};

use super::{Conn, Tx, json_ids, optional, visible};
use crate::clock::DAY;
use crate::error::Result;
use crate::model::{Card, CardKind, Page, Preview};

const COLUMNS: &str = "c.id, c.url, c.kind, c.title, c.description, c.author_name, c.author_url,
  c.provider_name, c.provider_url, c.html, c.width, c.height, c.image, c.image_description,
  c.embed_url, c.language, c.published_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Card> {
    Ok(Card {
        id: row.get(0)?,
        preview: Preview {
            url: row.get(1)?,
            kind: CardKind::from_number(row.get(2)?),
            title: row.get(3)?,
            description: row.get(4)?,
            author_name: row.get(5)?,
            author_url: row.get(6)?,
            provider_name: row.get(7)?,
            provider_url: row.get(8)?,
            html: row.get(9)?,
            width: row.get(10)?,
            height: row.get(11)?,
            image: row.get(12)?,
            image_description: row.get(13)?,
            embed_url: row.get(14)?,
            language: row.get(15)?,
            published_at: row.get(16)?,
        },
    })
}

/// Puts a link's card on a status, in place of another; answers the card's id.
pub fn attach(tx: &Tx<'_>, status_id: i64, link: &str) -> Result<i64> {
    let known: Option<i64> = optional(
        tx.sql
            .prepare_cached("SELECT id FROM card WHERE link = ?")?
            .query_row([link], |row| row.get(0)),
    )?;
    let card = match known {
        Some(card) => card,
        None => {
            tx.sql
                .prepare_cached("INSERT INTO card (link, url) VALUES (?1, ?1)")?
                .execute([link])?;
            tx.sql.last_insert_rowid()
        }
    };
    tx.sql
        .prepare_cached(
            "INSERT INTO status_card (status_id, card_id) VALUES (?, ?)
             ON CONFLICT DO UPDATE SET card_id = excluded.card_id",
        )?
        .execute([status_id, card])?;
    Ok(card)
}

/// Takes the card off a status.
pub fn detach(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM status_card WHERE status_id = ?")?.execute([status_id])?;
    Ok(())
}

/// The link that a card is about.
pub fn link(conn: &Conn, id: i64) -> Result<Option<String>> {
    optional(
        conn.sql
            .prepare_cached("SELECT link FROM card WHERE id = ?")?
            .query_row([id], |row| row.get(0)),
    )
}

/// What there is to show for each of these statuses.
pub fn list_of_statuses(conn: &Conn, statuses: &[i64]) -> Result<Vec<(i64, Card)>> {
    let sql = format!(
        "SELECT {COLUMNS}, sc.status_id FROM json_each(?) j
         CROSS JOIN status_card sc ON sc.status_id = j.value
         CROSS JOIN card c ON c.id = sc.card_id WHERE c.state = 1"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows =
        statement.query_map([json_ids(statuses)], |row| Ok((row.get(17)?, from_row(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What there is to show of these cards, in no order.
pub fn list(conn: &Conn, ids: &[i64]) -> Result<Vec<Card>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM json_each(?) j CROSS JOIN card c ON c.id = j.value
         WHERE c.state = 1"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(ids)], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Cards of these statuses, boosted ones among them, that are due to be fetched and not queued.
pub fn list_due(conn: &Conn, statuses: &[i64], limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT DISTINCT c.id FROM json_each(:ids) j
         CROSS JOIN status_card sc ON sc.status_id = j.value
         CROSS JOIN card c ON c.id = sc.card_id
         WHERE c.due <= :now AND (c.queued_at IS NULL OR c.queued_at < :lost) LIMIT :limit",
    )?;
    let rows = statement.query_map(
        named_params! {
            ":ids": json_ids(statuses),
            ":now": conn.now(),
            // whose job was lost is not lost for ever
            ":lost": conn.now() - DAY,
            ":limit": limit,
        },
        |row| row.get(0),
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Marks a card as queued and answers its link, if it is due and is not queued yet.
pub fn queue(tx: &Tx<'_>, id: i64) -> Result<Option<String>> {
    optional(
        tx.sql
            .prepare_cached(
                "UPDATE card SET queued_at = ?1 WHERE id = ?2 AND due <= ?1
                 AND (queued_at IS NULL OR queued_at < ?3) RETURNING link",
            )?
            .query_row([tx.now(), id, tx.now() - DAY], |row| row.get(0)),
    )
}

/// Writes down what was found; it is not fetched again before `due`.
pub fn store(tx: &Tx<'_>, id: i64, preview: &Preview, due: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE card SET url = :url, state = 1, kind = :kind, title = :title,
               description = :description, author_name = :author_name, author_url = :author_url,
               provider_name = :provider_name, provider_url = :provider_url, html = :html,
               width = :width, height = :height, image = :image,
               image_description = :image_description, embed_url = :embed_url,
               language = :language, published_at = :published_at,
               due = :due, queued_at = NULL, failures = 0, fetched_at = :now WHERE id = :id",
        )?
        .execute(named_params! {
            ":url": preview.url,
            ":kind": preview.kind as i64,
            ":title": preview.title,
            ":description": preview.description,
            ":author_name": preview.author_name,
            ":author_url": preview.author_url,
            ":provider_name": preview.provider_name,
            ":provider_url": preview.provider_url,
            ":html": preview.html,
            ":width": preview.width,
            ":height": preview.height,
            ":image": preview.image,
            ":image_description": preview.image_description,
            ":embed_url": preview.embed_url,
            ":language": preview.language,
            ":published_at": preview.published_at,
            ":due": due,
            ":now": tx.now(),
            ":id": id,
        })?;
    Ok(())
}

/// How often in a row a card could not be fetched.
pub fn failures(conn: &Conn, id: i64) -> Result<i64> {
    let found = optional(
        conn.sql
            .prepare_cached("SELECT failures FROM card WHERE id = ?")?
            .query_row([id], |row| row.get(0)),
    )?;
    Ok(found.unwrap_or(0))
}

/// Nothing was found: what was shown before stays, and it is not tried again before `due`.
pub fn failed(tx: &Tx<'_>, id: i64, due: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE card SET failures = failures + 1, due = ?, queued_at = NULL WHERE id = ?",
        )?
        .execute([due, id])?;
    Ok(())
}

/// The newest statuses that have a card.
pub fn list_statuses(conn: &Conn, card: i64, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT status_id FROM status_card WHERE card_id = ? ORDER BY status_id DESC LIMIT ?",
    )?;
    let rows = statement.query_map([card, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Cards about an address: as somebody wrote it, or as the page says itself.
pub fn find_by_address(conn: &Conn, address: &str, limit: i64) -> Result<Vec<i64>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT id FROM card WHERE link = ?1 UNION SELECT id FROM card WHERE url = ?1 LIMIT ?2",
    )?;
    let rows = statement.query_map(params![address, limit], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ids of public statuses with a card, by authors who want to be found or by the viewer. Nobody
/// in particular gets local ones.
pub fn list_public(conn: &Conn, viewer: i64, card: i64, page: &Page) -> Result<Vec<i64>> {
    let sql = format!(
        "SELECT sc.status_id FROM status_card sc CROSS JOIN status s ON s.id = sc.status_id
         WHERE sc.card_id = :card AND sc.status_id < :below AND sc.status_id > :above
           AND s.visibility = 0 AND (:viewer <> 0 OR s.local = 1)
           AND (s.account_id = :viewer OR EXISTS (SELECT 1 FROM account da
             WHERE da.id = s.account_id AND da.discoverable = 1))
           AND {} AND {} ORDER BY sc.status_id {} LIMIT :limit",
        visible::readable("s"),
        visible::found("s"),
        page.order()
    );
    let (below, above, now, limit) = (page.below(), page.above(), conn.now(), super::most(page));
    let args: [(&str, &dyn ToSql); 6] = [
        (":card", &card),
        (":below", &below),
        (":above", &above),
        (":limit", &limit),
        (":viewer", &viewer),
        (":now", &now),
    ];
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map(&args[..], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
