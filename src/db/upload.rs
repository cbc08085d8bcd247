//! Uploads, where they are attached, and the names of files that are to be removed.

use rusqlite::{Row, named_params, params};

use super::{Conn, Tx, job, json_ids, object, optional};
use crate::clock::{DAY, HOUR};
use crate::error::Result;
use crate::id;
use crate::model::{
    Attachment, JobKind, MediaKind, Sound, Store, Upload, UploadPurpose, UploadState,
};

const COLUMNS: &str = "id, account_id, status_id, kind, media_type, key, extension,
  preview_extension, state, description, blurhash, focus_x, focus_y, width, height, preview_width,
  preview_height, duration, error, frame_rate, bitrate, sound_codec, sound_rate, sound_channels,
  store";

/// The queue of files to be removed.
const SWEEP: &str = "media:sweep";

fn from_row(row: &Row<'_>) -> rusqlite::Result<Upload> {
    let (x, y): (Option<f64>, Option<f64>) = (row.get(11)?, row.get(12)?);
    Ok(Upload {
        id: row.get(0)?,
        account_id: row.get(1)?,
        status_id: row.get(2)?,
        kind: MediaKind::from_number(row.get(3)?),
        media_type: row.get(4)?,
        key: row.get(5)?,
        extension: row.get(6)?,
        preview_extension: row.get(7)?,
        state: UploadState::from_number(row.get(8)?),
        description: row.get(9)?,
        blurhash: row.get(10)?,
        focus: x.zip(y),
        width: row.get(13)?,
        height: row.get(14)?,
        preview_width: row.get(15)?,
        preview_height: row.get(16)?,
        duration: row.get(17)?,
        error: row.get(18)?,
        frame_rate: row.get(19)?,
        bitrate: row.get(20)?,
        sound: match row.get(21)? {
            Some(codec) => Some(Sound { codec, sample_rate: row.get(22)?, channels: row.get(23)? }),
            None => None,
        },
        store: Store::from_number(row.get(24)?),
    })
}

fn one(conn: &Conn, condition: &str, args: impl rusqlite::Params) -> Result<Option<Upload>> {
    let sql = format!("SELECT {COLUMNS} FROM upload WHERE {condition}");
    optional(conn.sql.prepare_cached(&sql)?.query_row(args, from_row))
}

/// By id, whoever it belongs to.
pub fn find(conn: &Conn, id: i64) -> Result<Option<Upload>> {
    one(conn, "id = ?", [id])
}

/// An upload for a status, if it is the account's own.
pub fn find_own(conn: &Conn, account_id: i64, id: i64) -> Result<Option<Upload>> {
    one(conn, "id = ? AND account_id = ? AND purpose = 0", [id, account_id])
}

/// What is attached to each of these statuses, in order: uploads here, files elsewhere.
pub fn list_attachments(conn: &Conn, status_ids: &[i64]) -> Result<Vec<Attachment>> {
    list_attachments_of(conn, status_ids, status_ids)
}

/// The same where it is known which of them were written here: those have no files of elsewhere,
/// and the others no uploads.
pub fn list_attachments_of(conn: &Conn, local: &[i64], remote: &[i64]) -> Result<Vec<Attachment>> {
    let mut media = Vec::new();
    if !remote.is_empty() {
        media = super::status::list_media(conn, remote)?;
    }
    let mut uploads = Vec::new();
    if !local.is_empty() {
        uploads = list_attached(conn, local)?;
    }
    Ok(media
        .into_iter()
        .map(Attachment::Remote)
        .chain(uploads.into_iter().map(Attachment::Upload))
        .collect())
}

/// The uploads attached to each of these statuses, in order.
pub fn list_attached(conn: &Conn, status_ids: &[i64]) -> Result<Vec<Upload>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM upload
         WHERE status_id IN (SELECT value FROM json_each(?)) AND position >= 0
         ORDER BY status_id, position"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(status_ids)], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The uploads that these scheduled statuses wait with.
pub fn list_reserved(conn: &Conn, scheduled_ids: &[i64]) -> Result<Vec<Upload>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM upload WHERE scheduled_id IN (SELECT value FROM json_each(?))"
    );
    let mut statement = conn.sql.prepare_cached(&sql)?;
    let rows = statement.query_map([json_ids(scheduled_ids)], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether an upload is kept for a scheduled status.
pub fn is_reserved(conn: &Conn, id: i64) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM upload WHERE id = ? AND scheduled_id IS NOT NULL")?
        .exists([id])?)
}

/// How many files the account uploaded within a day; counting stops at `at_most` (S-113).
pub fn count_recent(conn: &Conn, account_id: i64, at_most: i64) -> Result<i64> {
    Ok(conn
        .sql
        .prepare_cached(
            "SELECT count(*) FROM
               (SELECT 1 FROM upload WHERE account_id = ? AND id > ? LIMIT ?)",
        )?
        .query_row([account_id, id::from_ms(conn.now() - DAY), at_most], |row| row.get(0))?)
}

/// Stores a new upload.
pub fn insert(tx: &Tx<'_>, upload: &Upload, purpose: UploadPurpose, bytes: u64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO upload (id, account_id, kind, media_type, key, extension,
               preview_extension, state, description, blurhash, focus_x, focus_y, width, height,
               preview_width, preview_height, purpose, bytes, store, created_at)
             VALUES (:id, :account, :kind, :type, :key, :extension, :preview_extension, :state,
               :description, :blurhash, :x, :y, :width, :height, :preview_width,
               :preview_height, :purpose, :bytes, :store, :now)",
        )?
        .execute(named_params! {
            ":id": upload.id,
            ":account": upload.account_id,
            ":kind": upload.kind as i64,
            ":type": upload.media_type,
            ":key": upload.key,
            ":extension": upload.extension,
            ":preview_extension": upload.preview_extension,
            ":state": upload.state as i64,
            ":description": upload.description,
            ":blurhash": upload.blurhash,
            ":x": upload.focus.map(|focus| focus.0),
            ":y": upload.focus.map(|focus| focus.1),
            ":width": upload.width,
            ":height": upload.height,
            ":preview_width": upload.preview_width,
            ":preview_height": upload.preview_height,
            ":purpose": purpose as i64,
            ":bytes": i64::try_from(bytes).unwrap_or(i64::MAX),
            ":store": upload.store as i64,
            ":now": tx.now(),
        })?;
    Ok(())
}

/// Writes what was found out by processing it.
pub fn update(tx: &Tx<'_>, upload: &Upload, bytes: u64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE upload SET media_type = ?, extension = ?, preview_extension = ?, state = ?,
               blurhash = ?, width = ?, height = ?, preview_width = ?, preview_height = ?,
               error = ?, bytes = ?, kind = ?, duration = ?, frame_rate = ?, bitrate = ?,
               sound_codec = ?, sound_rate = ?, sound_channels = ? WHERE id = ?",
        )?
        .execute(params![
            upload.media_type,
            upload.extension,
            upload.preview_extension,
            upload.state as i64,
            upload.blurhash,
            upload.width,
            upload.height,
            upload.preview_width,
            upload.preview_height,
            upload.error,
            i64::try_from(bytes).unwrap_or(i64::MAX),
            upload.kind as i64,
            upload.duration,
            upload.frame_rate,
            upload.bitrate,
            upload.sound.as_ref().map(|sound| &sound.codec),
            upload.sound.as_ref().map(|sound| sound.sample_rate),
            upload.sound.as_ref().map(|sound| sound.channels),
            upload.id,
        ])?;
    Ok(())
}

/// What its files take on the disk, 0 if there are none.
pub fn get_bytes(conn: &Conn, id: i64) -> Result<u64> {
    let mut statement = conn.sql.prepare_cached("SELECT bytes FROM upload WHERE id = ?")?;
    let bytes: Option<i64> = optional(statement.query_row([id], |row| row.get(0)))?;
    Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))
}

/// Writes what its owner says of it.
pub fn describe(tx: &Tx<'_>, upload: &Upload) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE upload SET description = ?, focus_x = ?, focus_y = ? WHERE id = ?")?
        .execute(params![
            upload.description,
            upload.focus.map(|focus| focus.0),
            upload.focus.map(|focus| focus.1),
            upload.id,
        ])?;
    Ok(())
}

/// Puts an upload on a status, at `position`.
pub fn attach(tx: &Tx<'_>, id: i64, status_id: i64, position: usize) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE upload SET status_id = ?, position = ?, scheduled_id = NULL WHERE id = ?",
        )?
        .execute(params![status_id, i64::try_from(position).unwrap_or(0), id])?;
    Ok(())
}

/// Takes all uploads off a status; they stay its own, for its history.
pub fn detach(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE upload SET position = -1 WHERE status_id = ?")?
        .execute([status_id])?;
    Ok(())
}

/// Before a status is deleted to be written anew: what it has is free again for a day.
pub fn set_loose(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE upload SET status_id = NULL, position = 0, created_at = ?
             WHERE status_id = ? AND position >= 0",
        )?
        .execute([tx.now(), status_id])?;
    Ok(())
}

/// Keeps an upload for a scheduled status.
pub fn reserve(tx: &Tx<'_>, id: i64, scheduled_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached("UPDATE upload SET scheduled_id = ? WHERE id = ?")?
        .execute([scheduled_id, id])?;
    Ok(())
}

/// Gives back what was kept for a scheduled status.
pub fn release(tx: &Tx<'_>, scheduled_id: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "UPDATE upload SET scheduled_id = NULL, created_at = ? WHERE scheduled_id = ?",
        )?
        .execute([tx.now(), scheduled_id])?;
    Ok(())
}

/// Removes an upload; its files follow.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM upload WHERE id = ?")?.execute([id])?;
    sweep_soon(tx)
}

/// Removes the account's picture of this purpose.
pub fn delete_picture(tx: &Tx<'_>, account_id: i64, purpose: UploadPurpose) -> Result<()> {
    tx.sql
        .prepare_cached("DELETE FROM upload WHERE account_id = ? AND purpose = ?")?
        .execute([account_id, purpose as i64])?;
    sweep_soon(tx)
}

/// Removes uploads that were attached to nothing for a day.
pub fn expire_loose(tx: &Tx<'_>, limit: i64) -> Result<usize> {
    let gone = tx
        .sql
        .prepare_cached(
            "DELETE FROM upload WHERE id IN
               (SELECT id FROM upload WHERE status_id IS NULL AND created_at < ?
                  AND purpose = 0 AND scheduled_id IS NULL LIMIT ?)",
        )?
        .execute([tx.settled() - DAY, limit])?;
    sweep_soon(tx)?;
    Ok(gone)
}

/// Whether a temporary file of this key still waits to be processed.
pub fn is_waiting(conn: &Conn, key: &str) -> Result<bool> {
    Ok(conn
        .sql
        .prepare_cached("SELECT 1 FROM upload WHERE key = ? AND state = 0")?
        .exists([key])?)
}

/// Rings for the files that can go, if there are any.
pub fn sweep_soon(tx: &Tx<'_>) -> Result<()> {
    let any = tx
        .sql
        .prepare_cached("SELECT 1 FROM media_trash WHERE due <= ? LIMIT 1")?
        .exists([tx.now()])?;
    if any && !job::waits(tx, JobKind::SweepMedia, SWEEP)? {
        job::insert(tx, JobKind::SweepMedia, SWEEP, b"")?;
    }
    object::sweep_soon(tx)
}

/// Names of files that can go, and whether they are in the cache folder.
pub fn list_trash(conn: &Conn, limit: i64) -> Result<Vec<(String, bool)>> {
    let mut statement = conn.sql.prepare_cached(
        "SELECT name, cached FROM media_trash WHERE due <= ? ORDER BY due LIMIT ?",
    )?;
    let rows = statement.query_map([conn.now(), limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// A file is about to be put in place, in the folder of the uploads or in that of the cache: if
/// nothing comes of it, it goes in an hour.
pub fn intend(tx: &Tx<'_>, name: &str, cached: bool) -> Result<()> {
    discard(tx, name, cached, tx.now() + HOUR)
}

/// A file on the disk is not needed any more.
pub fn discard(tx: &Tx<'_>, name: &str, cached: bool, due: i64) -> Result<()> {
    tx.sql
        .prepare_cached(
            "INSERT INTO media_trash (name, due, cached) VALUES (?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET due = excluded.due, cached = excluded.cached",
        )?
        .execute(params![name, due, cached])?;
    Ok(())
}

/// A file is needed, or is gone: nothing is to be done about it.
pub fn settle(tx: &Tx<'_>, name: &str) -> Result<()> {
    tx.sql.prepare_cached("DELETE FROM media_trash WHERE name = ?")?.execute([name])?;
    Ok(())
}
