//! Files in the cache as if they had been fetched.

use dassie::app::App;
use dassie::db::{self, Lane};
use dassie::media::storage::Name;
use dassie::model::{CacheClass, CachedFile};
use dassie::service;

/// A file of so many bytes in the cache, last looked at `age` milliseconds ago; with its place
/// reserved before, as whoever fetches one does.
pub fn put(app: &App, owner: i64, url: &str, bytes: u64, age: i64) -> CachedFile {
    try_put(app, owner, url, bytes, age).unwrap()
}

/// The same where there may be no room.
pub fn try_put(
    app: &App,
    owner: i64,
    url: &str,
    bytes: u64,
    age: i64,
) -> dassie::error::Result<CachedFile> {
    let place = app.media.room.reserve(bytes)?;
    let class = CacheClass::Original;
    let viewed_at = app.clock.now_ms() - age;
    let file = CachedFile {
        key: app.site.cache_key(class, owner, url),
        class,
        owner,
        host: url.split('/').nth(2).unwrap().to_owned(),
        extension: "jpg".into(),
        bytes: i64::try_from(bytes).unwrap(),
        kept: app.db.read(|conn| service::cache::is_kept(conn, class, owner))?,
        fetched_at: viewed_at,
        viewed_at,
    };
    let mut incoming = app.media.cache.begin()?;
    incoming.write(&vec![7; usize::try_from(bytes).unwrap()])?;
    let key = incoming.keep()?;
    let name = Name::parse(&file.name()).unwrap();
    app.media.cache.keep(&app.media.cache.temporary(&key), &name)?;
    let row = file.clone();
    let placed = app.media.room.used()?;
    app.db.write(Lane::Interactive, move |tx| db::cached_file::insert(tx, &row)).wait()?;
    assert!(placed + bytes <= app.media.room.most(), "over the limit");
    drop(place);
    Ok(file)
}

/// Whether the file has a row, and whether it lies in the folder.
pub fn is_there(app: &App, file: &CachedFile) -> (bool, bool) {
    let row = app.db.read(|conn| db::cached_file::find(conn, &file.key)).unwrap();
    let name = Name::parse(&file.name()).unwrap();
    (row.is_some(), app.media.cache.open_file(&name).unwrap().is_some())
}

/// The files that lie in the cache folder.
pub fn count(app: &App) -> usize {
    (0..=255).map(|first| app.media.cache.list_shard(first).unwrap().len()).sum()
}
