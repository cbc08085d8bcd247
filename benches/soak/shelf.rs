//! Looking at files of elsewhere: what is here is a hit, what is not is "fetched".

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;

use dassie::app::App;
use dassie::clock::{DAY, HOUR};
use dassie::db::{self, Lane};
use dassie::lookup::cached_file;
use dassie::media::storage::{Name, new_key};
use dassie::model::{CacheClass, CacheKey, CachedFile};
use dassie::service::cached_file::{Wanted, keep};

use crate::{Day, Res};

/// The cache as the person sees it.
pub struct Shelf {
    folder: PathBuf,
    limit: u64,
    /// When each file was last looked at, for a week.
    seen: HashMap<CacheKey, i64>,
    forgotten: i64,
    above: bool,
}

/// What lies in the cache.
pub struct Used {
    pub bytes: u64,
    pub files: i64,
    /// It was below the limit all the time.
    pub fits: bool,
}

impl Shelf {
    pub fn new(_app: &App, folder: PathBuf, limit: u64) -> Self {
        Self { folder, limit, seen: HashMap::new(), forgotten: 0, above: false }
    }

    /// Somebody looks at a file of this size.
    pub fn view(
        &mut self,
        app: &App,
        (class, owner, url): (CacheClass, i64, &str),
        bytes: u64,
        day: &mut Day,
    ) -> Res<()> {
        let Some(wanted) = Wanted::new(&app.site, class, owner, url, None) else { return Ok(()) };
        let now = app.clock.now_ms();
        let row = cached_file::open(app, &wanted)?.map(|(row, _)| row);
        let again = self.seen.insert(wanted.key, now).is_some_and(|last| now - last <= 7 * DAY);
        day.viewed += 1;
        day.again += u64::from(again);
        if let Some(row) = row {
            day.hits += 1;
            day.again_hits += u64::from(again);
            let noted = app.viewed.note(&row, now);
            if !noted.is_empty() {
                let touched = app.db.write(Lane::Background, move |tx| {
                    noted.iter().try_for_each(|(key, at)| db::cached_file::touch(tx, key, *at))
                });
                touched.wait()?;
            }
            return Ok(());
        }
        self.fetch(app, wanted, bytes, day)
    }

    /// A file of so many bytes, none of which is written.
    fn fetch(&mut self, app: &App, wanted: Wanted, bytes: u64, day: &mut Day) -> Res<()> {
        let Ok(place) = app.media.room.reserve(bytes) else {
            day.refused += 1;
            return Ok(());
        };
        day.fetched += bytes;
        let now = app.clock.now_ms();
        let temporary = app.media.cache.temporary(&new_key());
        File::create(&temporary)?.set_len(bytes)?;
        let file = CachedFile {
            key: wanted.key,
            class: wanted.class,
            owner: wanted.owner,
            host: wanted.host.clone(),
            extension: "jpg".into(),
            bytes: i64::try_from(bytes)?,
            kept: false,
            fetched_at: now,
            viewed_at: now - now.rem_euclid(HOUR),
        };
        let name = Name::parse(&file.name()).ok_or("no name")?;
        app.media.cache.keep(&temporary, &name)?;
        app.db.write(Lane::Interactive, move |tx| keep(tx, &wanted, file)).wait()?;
        drop(place);
        let (_, used) = app.db.read(db::cached_file::total)?;
        self.above |= u64::try_from(used)? > self.limit;
        Ok(())
    }

    /// What is there, by the table and by the files.
    pub fn used(&mut self, app: &App) -> Res<Used> {
        let now = app.clock.now_ms();
        if now - self.forgotten > DAY {
            self.seen.retain(|_, last| now - *last <= 7 * DAY);
            self.forgotten = now;
        }
        let (files, _) = app.db.read(db::cached_file::total)?;
        let bytes = bytes_below(&self.folder)?;
        Ok(Used { bytes, files, fits: !self.above && bytes <= self.limit })
    }
}

fn bytes_below(folder: &PathBuf) -> Res<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        sum += if about.is_dir() { bytes_below(&entry.path())? } else { about.len() };
    }
    Ok(sum)
}
