//! The custom emojis of this server, pictures and all.

use rusqlite::{Row, params};

use super::{Conn, Tx, optional};
use crate::error::{Error, Result};
use crate::model::CustomEmoji;

const COLUMNS: &str =
    "id, shortcode, category, key, media_type, moving, visible, disabled, updated_at";

fn from_row(row: &Row<'_>) -> rusqlite::Result<CustomEmoji> {
    Ok(CustomEmoji {
        id: row.get(0)?,
        shortcode: row.get(1)?,
        category: row.get(2)?,
        key: row.get(3)?,
        media_type: row.get(4)?,
        moving: row.get::<_, Option<bool>>(5)?.unwrap_or(false),
        visible: row.get(6)?,
        disabled: row.get(7)?,
        updated_at: row.get(8)?,
    })
}

/// All of them, by name. There are as many as the limit of the settings at the most.
pub fn list(conn: &Conn) -> Result<Vec<CustomEmoji>> {
    let sql = format!("SELECT {COLUMNS} FROM custom_emoji WHERE shortcode > '' ORDER BY shortcode");
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those with these names, whatever their case, that may be used.
pub fn list_named(conn: &Conn, names: &[String]) -> Result<Vec<CustomEmoji>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM custom_emoji
         WHERE shortcode IN (SELECT value FROM json_each(?)) AND disabled = 0"
    );
    let names = serde_json::to_string(names).unwrap_or_default();
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([names], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// By id; absent is 404.
pub fn get(conn: &Conn, id: i64) -> Result<CustomEmoji> {
    let sql = format!("SELECT {COLUMNS} FROM custom_emoji WHERE id = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([id], from_row))?.ok_or(Error::NotFound)
}

/// By name, whatever its case.
pub fn find_by_shortcode(conn: &Conn, shortcode: &str) -> Result<Option<CustomEmoji>> {
    let sql = format!("SELECT {COLUMNS} FROM custom_emoji WHERE shortcode = ?");
    optional(conn.sql.prepare_cached(&sql)?.query_row([shortcode], from_row))
}

/// How many there are.
pub fn count(conn: &Conn) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached("SELECT count(*) FROM custom_emoji WHERE shortcode > ''")?
        .query_row([], |row| row.get(0))?)
}

/// The picture under a key, with its type.
pub fn find_image(conn: &Conn, key: &str) -> Result<Option<(String, Vec<u8>)>> {
    optional(
        conn.sql
            .prepare_cached("SELECT media_type, image FROM custom_emoji WHERE key = ?")?
            .query_row([key], |row| Ok((row.get(0)?, row.get(1)?))),
    )
}

/// The still version of the picture under a key; `None`: it does not move.
pub fn find_still(conn: &Conn, key: &str) -> Result<Option<Vec<u8>>> {
    let found: Option<Option<Vec<u8>>> = optional(
        conn.sql
            .prepare_cached("SELECT still FROM custom_emoji WHERE key = ?")?
            .query_row([key], |row| row.get(0)),
    )?;
    Ok(found.flatten())
}

/// Key and picture of one whose frames nobody looked at yet.
pub fn next_unseen(conn: &Conn) -> Result<Option<(String, Vec<u8>)>> {
    optional(
        conn.sql
            .prepare_cached(
                "SELECT key, image FROM custom_emoji WHERE moving IS NULL ORDER BY id LIMIT 1",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?))),
    )
}

/// Writes down what was found in the frames of the picture under a key.
pub fn set_still(tx: &Tx<'_>, key: &str, still: Option<&[u8]>) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE custom_emoji SET moving = ?, still = ? WHERE key = ?")?
        .execute(params![still.is_some(), still, key])?;
    Ok(())
}

/// Stores one and answers its id.
pub fn insert(tx: &Tx<'_>, emoji: &CustomEmoji, image: &[u8], still: Option<&[u8]>) -> Result<i64> {
    tx.sql
        .prepare_cached(
            "INSERT INTO custom_emoji (shortcode, category, key, media_type, image, moving, still,
               visible, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            emoji.shortcode,
            emoji.category,
            emoji.key,
            emoji.media_type,
            image,
            still.is_some(),
            still,
            emoji.visible,
            tx.now()
        ])?;
    Ok(tx.sql.last_insert_rowid())
}

/// Writes everything of one but its picture.
pub fn update(tx: &Tx<'_>, emoji: &CustomEmoji) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE custom_emoji SET shortcode = ?, category = ?, visible = ?, disabled = ?,
               updated_at = ? WHERE id = ?",
        )?
        .execute(params![
            emoji.shortcode,
            emoji.category,
            emoji.visible,
            emoji.disabled,
            tx.now(),
            emoji.id
        ])?;
    Ok(())
}

/// Gives one another picture, under another address.
pub fn set_image(
    tx: &Tx<'_>,
    id: i64,
    key: &str,
    media_type: &str,
    image: &[u8],
    still: Option<&[u8]>,
) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE custom_emoji SET key = ?, media_type = ?, image = ?, moving = ?, still = ?,
               updated_at = ? WHERE id = ?",
        )?
        .execute(params![key, media_type, image, still.is_some(), still, tx.now(), id])?;
    Ok(())
}

/// Removes one.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM custom_emoji WHERE id = ?")?.execute([id])?;
    Ok(())
}
