//! Uploads: what may be uploaded and attached, what becomes of it, avatars and headers.

use std::path::Path;
use std::sync::PoisonError;

use crate::db::{self, Conn, Db, Lane, Tx};
use crate::error::{Error, Result};
use crate::media::Media;
use crate::media::format;
use crate::media::image::{Made, Order, Outcome, Purpose};
use crate::media::storage::{self, Name};
use crate::model::{
    Account, JobKind, MediaKind, Picture, Store, Upload, UploadPurpose, UploadState,
};
use crate::site::Site;
use crate::text::sanitize;

/// The queue of uploads: one at a time (S-107).
const LANE: &str = "media";

/// What the owner says of an upload. `None`: as it is.
#[derive(Clone, Debug, Default)]
pub struct Words {
    pub description: Option<String>,
    pub focus: Option<(f64, f64)>,
}

/// Refuses an upload before its body is read, when less than `least` bytes are free (S-113).
pub fn check_room(media: &Media, least: u64) -> Result<()> {
    if media.storage.free_bytes()? < least {
        // the cache makes room if it lies on the same disk
        media.room.press();
        return Err(storage::disk_full());
    }
    Ok(())
}

/// How large a file may be, by its first bytes: what is played may be larger than a picture, and
/// HEIC and AVIF are pictures although films are packed alike.
pub fn most_bytes(site: &Site, head: &[u8]) -> usize {
    match format::sniff(head) {
        Some(format) if !format.is_image() => site.limits.max_video_bytes,
        _ => site.limits.max_image_bytes,
    }
}

/// 422 for a file that is larger than such a file may be.
pub fn too_large(most: usize) -> Error {
    Error::invalid(format!("Validation failed: File must be smaller than {most} bytes"))
}

/// A file that was received.
#[derive(Clone, Copy, Debug)]
pub struct NewFile<'a> {
    /// What its bytes lie under.
    pub key: &'a str,
    pub bytes: u64,
    /// As far as its first bytes tell.
    pub kind: MediaKind,
}

/// Notes an upload, to be processed by a job.
///
/// # Errors
/// 422 when its description is too long, 429 when the account uploaded enough for a day.
pub fn create(
    tx: &Tx<'_>,
    site: &Site,
    account_id: i64,
    file: NewFile<'_>,
    words: Words,
) -> Result<Upload> {
    let most = i64::try_from(site.limits.max_uploads_per_day).unwrap_or(i64::MAX);
    if db::upload::count_recent(tx, account_id, most)? >= most {
        return Err(Error::TooMany { retry_after: 3600 });
    }
    let mut upload = blank(tx.mint_id(), account_id, file.key.to_owned());
    upload.kind = file.kind;
    describe(site, &mut upload, words)?;
    db::upload::insert(tx, &upload, UploadPurpose::Attachment, file.bytes)?;
    db::job::insert(tx, JobKind::ProcessUpload, LANE, upload.id.to_string().as_bytes())?;
    Ok(upload)
}

fn blank(id: i64, account_id: i64, key: String) -> Upload {
    Upload {
        id,
        account_id,
        status_id: None,
        kind: MediaKind::Image,
        media_type: String::new(),
        key,
        extension: String::new(),
        preview_extension: None,
        state: UploadState::Processing,
        description: None,
        blurhash: None,
        focus: None,
        width: None,
        height: None,
        preview_width: None,
        preview_height: None,
        duration: None,
        frame_rate: None,
        bitrate: None,
        sound: None,
        error: None,
        store: Store::Disk,
    }
}

fn describe(site: &Site, upload: &mut Upload, words: Words) -> Result<()> {
    if let Some(text) = words.description {
        let most = site.limits.max_description_characters;
        let text = sanitize::multiline(&text, most.saturating_mul(2));
        if text.chars().count() > most {
            return Err(Error::invalid(format!(
                "Validation failed: Description is too long (maximum is {most} characters)"
            )));
        }
        upload.description = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    }
    upload.focus = words.focus.or(upload.focus);
    Ok(())
}

/// What an archive says of an upload; what is too long is cut.
pub(super) fn describe_shortened(site: &Site, upload: &mut Upload, words: Words) -> Result<()> {
    let most = site.limits.max_description_characters;
    let description = words.description.map(|text| sanitize::multiline(&text, most));
    describe(site, upload, Words { description, ..words })
}

/// Notes an upload that came out of an archive and was processed already, at its place in the past:
/// it does not count as one of today. Until a status has it, it goes after a day.
pub fn keep_old(
    tx: &Tx<'_>,
    account_id: i64,
    key: String,
    made: &Made,
    written_at: i64,
) -> Result<i64> {
    let mut id = crate::id::from_published(written_at, tx.now(), &key);
    while db::upload::find(tx, id)?.is_some() {
        id += 1;
    }
    let mut upload = blank(id, account_id, key);
    fill(&mut upload, made);
    upload.store = placed(tx, &upload.key, made)?;
    db::upload::insert(tx, &upload, UploadPurpose::Attachment, bytes(made))?;
    // what is played has more to tell than a new row takes
    db::upload::update(tx, &upload, bytes(made))?;
    settle(tx, &upload.key, made, upload.store)?;
    Ok(id)
}

/// The account's own upload.
///
/// # Errors
/// 404 when it is another's or not there.
pub fn get(conn: &Conn, account_id: i64, id: i64) -> Result<Upload> {
    db::upload::find_own(conn, account_id, id)?.ok_or(Error::NotFound)
}

/// Changes what is said of an upload that no status has yet: after that it is the status that is
/// edited, and other servers hear of it.
pub fn update(tx: &Tx<'_>, site: &Site, account_id: i64, id: i64, words: Words) -> Result<Upload> {
    let mut upload = get(tx, account_id, id)?;
    if upload.status_id.is_some() {
        return Err(Error::NotFound);
    }
    describe(site, &mut upload, words)?;
    db::upload::describe(tx, &upload)?;
    Ok(upload)
}

/// Removes an upload.
///
/// # Errors
/// 404 when it is not the account's own, 422 while a status has it.
pub fn delete(tx: &Tx<'_>, account_id: i64, id: i64) -> Result<()> {
    let upload = get(tx, account_id, id)?;
    if upload.status_id.is_some() || db::upload::is_reserved(tx, id)? {
        return Err(Error::invalid("Media attachment is currently used by a status"));
    }
    db::upload::delete(tx, id)
}

/// The uploads with these ids, in their order, if the account may attach them to a new status, or
/// to `status_id` when that is edited.
///
/// # Errors
/// 422 when one is another's, used elsewhere or not ready, when there are too many, or when a
/// video or a sound is not alone.
pub fn validate(
    conn: &Conn,
    site: &Site,
    account_id: i64,
    ids: &[i64],
    status_id: Option<i64>,
) -> Result<Vec<Upload>> {
    let most = site.limits.max_media_attachments;
    let mut wanted: Vec<i64> = Vec::new();
    for id in ids {
        if !wanted.contains(id) {
            wanted.push(*id);
        }
        if wanted.len() > most {
            return Err(Error::invalid(format!(
                "Validation failed: Cannot attach more than {most} files"
            )));
        }
    }
    let one = |id: i64| {
        let free = |upload: &Upload| upload.status_id.is_none() || upload.status_id == status_id;
        let upload = db::upload::find_own(conn, account_id, id)?.filter(free);
        let Some(upload) = upload else { return Err(missing(id)) };
        if upload.status_id.is_none() && db::upload::is_reserved(conn, id)? {
            return Err(missing(id));
        }
        match upload.state {
            UploadState::Ready => Ok(upload),
            _ => Err(Error::invalid(
                "Validation failed: Cannot attach files that have not finished processing. Try \
                 again in a moment!",
            )),
        }
    };
    let uploads: Vec<Upload> = wanted.into_iter().map(one).collect::<Result<_>>()?;
    let is_played = |upload: &Upload| matches!(upload.kind, MediaKind::Video | MediaKind::Audio);
    if uploads.len() > 1 && uploads.iter().any(is_played) {
        return Err(Error::invalid(
            "Validation failed: Cannot attach a video to a post that already contains images",
        ));
    }
    Ok(uploads)
}

fn missing(id: i64) -> Error {
    Error::invalid(format!(
        "Validation failed: media_ids: {id} is not there, or belongs to another post"
    ))
}

/// Attaches uploads to a status in this order, and takes all others off it.
pub fn attach(tx: &Tx<'_>, status_id: i64, uploads: &[Upload]) -> Result<()> {
    db::upload::detach(tx, status_id)?;
    for (position, upload) in uploads.iter().enumerate() {
        db::upload::attach(tx, upload.id, status_id, position)?;
    }
    Ok(())
}

/// Keeps uploads for a status that will be written later: nobody else gets them, and they do not
/// expire. `db::upload::release` gives them back.
pub fn reserve(
    tx: &Tx<'_>,
    site: &Site,
    account_id: i64,
    ids: &[i64],
    scheduled_id: i64,
) -> Result<Vec<Upload>> {
    let uploads = validate(tx, site, account_id, ids, None)?;
    for upload in &uploads {
        db::upload::reserve(tx, upload.id, scheduled_id)?;
    }
    Ok(uploads)
}

/// What an edit of a status says of one of its attachments.
#[derive(Clone, Debug)]
pub struct Relabel {
    pub id: i64,
    pub words: Words,
}

/// Whether these words say anything else than the upload's own.
pub fn differs(upload: &Upload, words: &Words) -> bool {
    let described = words
        .description
        .as_ref()
        .is_some_and(|text| text.trim() != upload.description.as_deref().unwrap_or_default());
    described || words.focus.is_some_and(|focus| Some(focus) != upload.focus)
}

/// Changes what is said of attached uploads (F-312).
pub fn relabel(
    tx: &Tx<'_>,
    site: &Site,
    uploads: &mut [Upload],
    changes: Vec<Relabel>,
) -> Result<()> {
    for change in changes {
        let Some(upload) = uploads.iter_mut().find(|upload| upload.id == change.id) else {
            return Err(Error::invalid(format!(
                "Validation failed: media_attributes: {} is not attached to this post",
                change.id
            )));
        };
        describe(site, upload, change.words)?;
        db::upload::describe(tx, upload)?;
    }
    Ok(())
}

/// Decodes the file under a temporary key and puts what comes of it in place, under names that
/// begin with `key`. Until [`settle`] says that somebody needs them they are to be removed. Slow:
/// for the lane that decodes.
pub fn process(
    media: &Media,
    database: &Db,
    site: &Site,
    temporary: &str,
    key: &str,
    purpose: Purpose,
) -> Result<Outcome> {
    let input = media.storage.temporary(temporary);
    let max_pixels = site.limits.max_image_pixels as u64;
    let order = Order { output: input.clone(), input, purpose, max_pixels };
    let made = media.make(&order, site.limits.max_video_bytes as u64);
    let result = made.and_then(|outcome| match outcome {
        Outcome::Made(made) => keep(media, database, &order, key, made).map(Outcome::Made),
        refused => Ok(refused),
    });
    for left in [order.full(), order.small()] {
        let _ = std::fs::remove_file(left);
    }
    result
}

fn keep(media: &Media, database: &Db, order: &Order, key: &str, mut made: Made) -> Result<Made> {
    if order.purpose == Purpose::Preview {
        // another one may come after it, and what caches have does not change
        let number = &storage::new_key()[..8];
        made.full.extension = format!("t{number}.{}", made.full.extension);
    }
    let mut files: Vec<(std::path::PathBuf, Name)> = Vec::new();
    for (path, name) in std::iter::once((order.full(), names(key, &made).0))
        .chain(names(key, &made).1.map(|name| (order.small(), name)))
    {
        let name = Name::parse(&name).ok_or_else(|| Error::internal("a name of no file"))?;
        files.push((path, name));
    }
    let intended: Vec<String> = files.iter().map(|(_, name)| name.as_str().to_owned()).collect();
    let (of, home) = (key.to_owned(), media.storage.home());
    let write = move |tx: &Tx<'_>| {
        // what belongs to an upload that is ready goes where that lies
        let store = match db::object::find_ready_store(tx, &of)? {
            Some(store) => store,
            None => home,
        };
        db::object::set_store(tx, &of, store)?;
        intend(tx, &intended, store)?;
        Ok(store)
    };
    let store = {
        let _kept = media.trash.read().unwrap_or_else(PoisonError::into_inner);
        database.write(Lane::Interactive, write).wait()?
    };
    for (path, name) in &files {
        media.storage.keep_in(store, Path::new(path), name)?;
    }
    Ok(made)
}

/// Files are about to be put there.
pub(super) fn intend(tx: &Tx<'_>, names: &[String], store: Store) -> Result<()> {
    names.iter().try_for_each(|name| match store {
        Store::Disk => db::upload::intend(tx, name, false),
        Store::Bucket => db::object::intend(tx, name),
    })
}

/// A file that lies there is not needed any more from that time on.
pub(super) fn discard_in(tx: &Tx<'_>, store: Store, name: &str, due: i64) -> Result<()> {
    match store {
        Store::Disk => db::upload::discard(tx, name, false, due),
        Store::Bucket => db::object::discard(tx, name, due),
    }
}

/// Where files were put that no upload has yet.
fn placed(conn: &Conn, key: &str, made: &Made) -> Result<Store> {
    let in_bucket = db::object::is_intended(conn, &names(key, made).0)?;
    Ok(if in_bucket { Store::Bucket } else { Store::Disk })
}

/// The names of the files that were made under a key.
fn names(key: &str, made: &Made) -> (String, Option<String>) {
    let small = made.small.as_ref().map(|small| format!("{key}.{}", small.extension));
    (format!("{key}.{}", made.full.extension), small)
}

/// The files are needed from now on.
fn settle(tx: &Tx<'_>, key: &str, made: &Made, store: Store) -> Result<()> {
    let (full, small) = names(key, made);
    std::iter::once(full).chain(small).try_for_each(|name| settle_in(tx, store, &name))
}

/// A file that lies there is needed from now on.
pub(super) fn settle_in(tx: &Tx<'_>, store: Store, name: &str) -> Result<()> {
    match store {
        Store::Disk => db::upload::settle(tx, name),
        Store::Bucket => db::object::settle(tx, name),
    }
}

/// The files are not needed after all.
pub fn discard(tx: &Tx<'_>, key: &str, made: &Made) -> Result<()> {
    let (store, (full, small)) = (placed(tx, key, made)?, names(key, made));
    for name in std::iter::once(full).chain(small) {
        discard_in(tx, store, &name, tx.now())?;
    }
    db::upload::sweep_soon(tx)
}

/// Writes down what came of processing an upload. One that was deleted meanwhile leaves nothing.
pub fn finish(tx: &Tx<'_>, id: i64, key: &str, outcome: &Outcome) -> Result<()> {
    let upload = db::upload::find(tx, id)?.filter(|upload| upload.key == key);
    match (upload, outcome) {
        (Some(mut upload), Outcome::Made(made)) => {
            fill(&mut upload, made);
            db::upload::update(tx, &upload, bytes(made))?;
            settle(tx, key, made, upload.store)
        }
        (Some(mut upload), Outcome::Refused(sentence) | Outcome::Converter { sentence, .. }) => {
            upload.state = UploadState::Failed;
            upload.error = Some(sentence.clone());
            db::upload::update(tx, &upload, 0)
        }
        (None, Outcome::Made(made)) => discard(tx, key, made),
        (None, Outcome::Refused(_) | Outcome::Converter { .. }) => Ok(()),
    }
}

fn bytes(made: &Made) -> u64 {
    made.full.bytes + made.small.as_ref().map_or(0, |small| small.bytes)
}

fn fill(upload: &mut Upload, made: &Made) {
    upload.state = UploadState::Ready;
    upload.media_type = made.full.media_type.clone();
    upload.extension = made.full.extension.clone();
    upload.blurhash = made.blurhash.clone();
    if made.full.width > 0 {
        upload.width = Some(i64::from(made.full.width));
        upload.height = Some(i64::from(made.full.height));
    }
    if let Some(play) = &made.play {
        upload.kind = play.kind;
        upload.duration = Some(play.duration);
        upload.frame_rate = play.frame_rate.clone();
        upload.bitrate = i64::try_from(play.bitrate).ok();
        upload.sound = play.sound.clone();
    }
    if let Some(small) = &made.small {
        upload.preview_extension = Some(small.extension.clone());
        upload.preview_width = Some(i64::from(small.width));
        upload.preview_height = Some(i64::from(small.height));
    }
}

/// Gives an upload the preview that its owner chose.
///
/// # Errors
/// 503 when the upload was moved to the other store meanwhile.
pub fn set_preview(tx: &Tx<'_>, upload: &mut Upload, made: &Made) -> Result<()> {
    let store = upload.store;
    if placed(tx, &upload.key, made)? != store {
        return Err(Error::Unavailable {
            message: "The file is just being moved".into(),
            retry_after: 5,
        });
    }
    if let Some(before) = &upload.preview_extension {
        discard_in(tx, store, &format!("{}.{before}", upload.key), tx.now())?;
    }
    upload.preview_extension = Some(made.full.extension.clone());
    upload.preview_width = Some(i64::from(made.full.width));
    upload.preview_height = Some(i64::from(made.full.height));
    upload.blurhash = made.blurhash.clone();
    let bytes = db::upload::get_bytes(tx, upload.id)? + made.full.bytes;
    db::upload::update(tx, upload, bytes)?;
    settle(tx, &upload.key, made, store)?;
    db::upload::sweep_soon(tx)
}

/// What becomes of an avatar or header.
#[derive(Clone, Debug, Default)]
pub enum PictureChange {
    #[default]
    AsItIs,
    /// The default is shown again.
    Remove,
    /// Files that were made under this key.
    New { key: String, made: Made },
}

/// What a person changes of the own pictures.
#[derive(Clone, Debug, Default)]
pub struct PicturesChange {
    pub avatar: PictureChange,
    pub header: PictureChange,
    pub avatar_description: Option<String>,
    pub header_description: Option<String>,
}

/// Changes the pictures of an account; the caller stores the account and tells others.
pub fn set_pictures(
    tx: &Tx<'_>,
    site: &Site,
    account: &mut Account,
    change: PicturesChange,
) -> Result<()> {
    let before = account.pictures.clone();
    let (avatar, header) = (UploadPurpose::Avatar, UploadPurpose::Header);
    let mut pictures = before.as_deref().cloned().unwrap_or_default();
    account.avatar_url = set_picture(
        tx,
        site,
        account.id,
        avatar,
        change.avatar,
        (account.avatar_url.take(), &mut pictures.avatar),
    )?;
    account.header_url = set_picture(
        tx,
        site,
        account.id,
        header,
        change.header,
        (account.header_url.take(), &mut pictures.header),
    )?;
    let words = [
        ("avatar_description", change.avatar_description, &mut pictures.avatar),
        ("header_description", change.header_description, &mut pictures.header),
    ];
    for (field, text, picture) in words {
        let Some(text) = text else { continue };
        let most = site.limits.max_description_characters;
        let text = sanitize::multiline(&text, most.saturating_mul(2)).trim().to_owned();
        if text.chars().count() > most {
            return Err(Error::invalid(format!(
                "Validation failed: {field} is too long (maximum is {most} characters)"
            )));
        }
        if let Some(picture) = picture {
            picture.description = text;
        }
    }
    let any = pictures.avatar.is_some() || pictures.header.is_some();
    account.pictures = any.then(|| Box::new(pictures));
    if account.pictures != before {
        db::account::set_pictures(tx, account)?;
    }
    Ok(())
}

fn set_picture(
    tx: &Tx<'_>,
    site: &Site,
    account_id: i64,
    purpose: UploadPurpose,
    change: PictureChange,
    (url, picture): (Option<String>, &mut Option<Picture>),
) -> Result<Option<String>> {
    match change {
        PictureChange::AsItIs => Ok(url),
        PictureChange::Remove => {
            db::upload::delete_picture(tx, account_id, purpose)?;
            *picture = None;
            Ok(None)
        }
        PictureChange::New { key, made } => {
            db::upload::delete_picture(tx, account_id, purpose)?;
            let mut upload = blank(tx.mint_id(), account_id, key);
            fill(&mut upload, &made);
            upload.store = placed(tx, &upload.key, &made)?;
            db::upload::insert(tx, &upload, purpose, bytes(&made))?;
            settle(tx, &upload.key, &made, upload.store)?;
            *picture = Some(Picture {
                media_type: upload.media_type.clone(),
                static_url: made
                    .small
                    .as_ref()
                    .and_then(|_| upload.preview())
                    .map(|name| site.media(&name)),
                description: String::new(),
            });
            Ok(Some(site.media(&upload.file())))
        }
    }
}
