//! `GET /cache/…`: files of elsewhere. What is not here is fetched at the first look and goes to
//! whoever looks as it arrives (F-300); it is served as our own table says and never run (S-109).

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::coming;
use crate::app::App;
use crate::clock::MINUTE;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::http::file::{self, A_WHILE, FOR_EVER, Shown};
use crate::http::peer;
use crate::id;
use crate::lookup::cached_file;
use crate::lookup::passing::{Asked, Looker};
use crate::media::arriving::{End, Failure, Progress, Viewer};
use crate::media::failures::What;
use crate::media::format::Format;
use crate::model::{CacheClass, CacheKey, CachedFile};
use crate::service::cached_file::{Found, OWN_PREVIEW, Wanted, find, find_emoji, queue_small};

/// How long the first bytes of a file may take, and a still version that is being made.
const PATIENCE: Duration = Duration::from_secs(30);
const STILL: Duration = Duration::from_secs(5);
/// How many files one address may have fetched within five minutes: strangers choose what.
const MOST: u32 = 1500;
const WINDOW: i64 = 5 * MINUTE;
/// What is read of an image to see whether it moves.
const HEAD: usize = 4096;

/// `GET` and `HEAD` of `/cache/{class}/{owner}/{key}` with or without an ending, and of
/// `/cache/{e|es}/{key}/{address}`.
pub(super) async fn show(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse> {
    let (class, middle, last) = path.into_inner();
    let class = CacheClass::parse(&class).ok_or(Error::NotFound)?;
    let site = app.site.clone();
    let found = if matches!(class, CacheClass::Emoji | CacheClass::EmojiStill) {
        let key = CacheKey::parse(&middle).ok_or(Error::NotFound)?;
        let url = BASE64_URL_SAFE_NO_PAD.decode(last).ok();
        let url = url.and_then(|url| String::from_utf8(url).ok()).ok_or(Error::NotFound)?;
        let read = app.read_few(move |conn| find_emoji(conn, &site, class, &url, &key));
        Found::File(read.await?)
    } else {
        let owner = id::parse(&middle).ok_or(Error::NotFound)?;
        let (key, ending) = last.split_once('.').unwrap_or((&last, "jpg"));
        let key = CacheKey::parse(key).filter(|_| Format::of_ending(ending).is_some());
        let key = key.ok_or(Error::NotFound)?;
        app.read_few(move |conn| find(conn, &site, class, owner, &key)).await?
    };
    let look = Look { app: &app, request: &request };
    match found {
        Found::Other(address) => Ok(elsewhere(&address)),
        Found::File(wanted) => look.answer(&wanted).await,
    }
}

/// Where something is now.
fn elsewhere(address: &str) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((header::LOCATION, address))
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .finish()
}

/// Somebody's look at a file.
struct Look<'a> {
    app: &'a App,
    request: &'a HttpRequest,
}

impl Look<'_> {
    async fn answer(&self, wanted: &Wanted) -> Result<HttpResponse> {
        if let Some((row, file)) = self.open(wanted).await? {
            return self.serve(&row, file, FOR_EVER);
        }
        match (wanted.class, wanted.made_of) {
            (_, None) => {
                let viewer = self.join(wanted)?;
                match viewer {
                    Ok(viewer) => self.follow(wanted, viewer, FOR_EVER).await,
                    Err(answer) => Ok(answer),
                }
            }
            (CacheClass::Preview, Some(_)) => self.preview(wanted).await,
            _ => self.still(wanted).await,
        }
    }

    /// The preview that is made of a large image: the original until it is there, since nobody
    /// shall wait for it.
    async fn preview(&self, wanted: &Wanted) -> Result<HttpResponse> {
        let source = wanted.source(&self.app.site);
        if let Some((row, file)) = self.open(&source).await? {
            let image = Format::of_ending(&row.extension).is_some_and(Format::is_image);
            if !image || u64::try_from(row.bytes).unwrap_or(0) <= OWN_PREVIEW {
                return self.serve(&row, file, FOR_EVER);
            }
            self.queue(wanted);
            return self.serve(&row, file, A_WHILE);
        }
        match self.join(&source)? {
            Err(answer) => Ok(answer),
            Ok(viewer) => {
                viewer.arriving.want_small();
                self.follow(&source, viewer, A_WHILE).await
            }
        }
    }

    /// The still version of what may move: made while somebody waits a moment, else what moves.
    async fn still(&self, wanted: &Wanted) -> Result<HttpResponse> {
        let source = wanted.source(&self.app.site);
        let mut opened = self.open(&source).await?;
        if opened.is_none() {
            let mut viewer = match self.join(&source)? {
                Err(answer) => return Ok(answer),
                Ok(viewer) => viewer,
            };
            let progress = begun(&mut viewer).await;
            if let Some(ending) = progress.ending {
                let read = viewer.arriving.file().map(read_head).transpose()?.unwrap_or_default();
                if !may_move(ending, &read) {
                    return self.follow(&source, viewer, FOR_EVER).await;
                }
            }
            let settled = tokio::time::timeout(STILL, viewer.settled()).await;
            opened = self.open(&source).await?;
            if opened.is_none() || settled.is_err() {
                return self.follow(&source, viewer, A_WHILE).await;
            }
        }
        let Some((row, file)) = opened else { return Err(Error::NotFound) };
        if !may_move(&row.extension, &read_head(&file)?) {
            return self.serve(&row, file, FOR_EVER);
        }
        self.queue(wanted);
        let made = tokio::time::timeout(STILL, self.made(wanted)).await;
        match made {
            Ok(made) => match made? {
                Some((row, file)) => self.serve(&row, file, FOR_EVER),
                None => self.serve(&row, file, A_WHILE),
            },
            Err(_) => self.serve(&row, file, A_WHILE),
        }
    }

    /// Waits until a version is made; `None`: it cannot be.
    async fn made(&self, wanted: &Wanted) -> Result<Option<(CachedFile, File)>> {
        loop {
            let news = self.app.media.finished.notified();
            let mut news = std::pin::pin!(news);
            news.as_mut().enable();
            if let Some(found) = self.open(wanted).await? {
                return Ok(Some(found));
            }
            if self.app.failures.look(&What::File(wanted.key)).is_some() {
                return Ok(None);
            }
            news.await;
        }
    }

    /// Has a smaller or still version made, unless that failed lately.
    fn queue(&self, wanted: &Wanted) {
        if self.app.failures.look(&What::File(wanted.key)).is_none() {
            let wanted = wanted.clone();
            drop(self.app.db.write(Lane::Background, move |tx| queue_small(tx, &wanted)));
        }
    }

    async fn open(&self, wanted: &Wanted) -> Result<Option<(CachedFile, File)>> {
        let (app, wanted) = (self.app.clone(), wanted.clone());
        self.app.compute(move || cached_file::open(&app, &wanted)).await?
    }

    fn serve(&self, row: &CachedFile, file: File, age: &'static str) -> Result<HttpResponse> {
        let noted = self.app.viewed.note(row, self.app.clock.now_ms());
        if !noted.is_empty() {
            let write = self.app.db.write(Lane::Background, move |tx| {
                noted.iter().try_for_each(|(key, time)| db::cached_file::touch(tx, key, *time))
            });
            drop(write);
        }
        let shown = shown(&row.key, &row.extension, age)?;
        let size = u64::try_from(row.bytes).unwrap_or(0);
        Ok(file::serve(self.app, self.request, file, size, &shown))
    }

    /// A place among those who wait for a file; or the answer, when it could not be had lately.
    fn join(&self, wanted: &Wanted) -> Result<std::result::Result<Viewer, HttpResponse>> {
        if let Some((why, seconds)) = cached_file::failed_lately(self.app, wanted) {
            return failure(wanted, why, seconds).map(Err);
        }
        cached_file::join(self.app, wanted, || self.admit()).map(Ok)
    }

    /// Counts what one address has fetched.
    fn admit(&self) -> Result<()> {
        let address = peer::limited(self.request, &self.app.config.server.trusted_proxies);
        let (count, until) = self.app.fetched_files.take(&address, WINDOW);
        if count > MOST {
            let left = (until - self.app.clock.now_ms()) / 1000 + 1;
            return Err(Error::TooMany { retry_after: u32::try_from(left).unwrap_or(1) });
        }
        Ok(())
    }

    fn looker(&self, wanted: &Wanted) -> Looker {
        let address = peer::limited(self.request, &self.app.config.server.trusted_proxies);
        Looker { app: self.app.clone(), wanted: wanted.clone(), address: address.to_string() }
    }

    /// Answers with a file for which there is no room, as it goes by.
    async fn pass(&self, wanted: &Wanted, age: &'static str) -> Result<HttpResponse> {
        self.admit()?;
        let looker = self.looker(wanted);
        let (about, opened) = match looker.known() {
            Some(about) => (about, None),
            None => {
                let turn = looker.turn().await?;
                match looker.open(&turn, Asked::default()).await? {
                    Ok(passing) => (passing.about, Some(passing)),
                    Err(why) => return failure(wanted, why, 30),
                }
            }
        };
        let shown = shown(&wanted.key, about.ending, age)?;
        coming::serve_passing(looker, self.request, about, opened, &shown).await
    }

    /// Answers with a file as it arrives.
    async fn follow(
        &self,
        wanted: &Wanted,
        mut viewer: Viewer,
        age: &'static str,
    ) -> Result<HttpResponse> {
        let progress = begun(&mut viewer).await;
        match (progress.end, progress.ending) {
            (Some(End::Kept), _) => {
                let (row, file) = self.open(wanted).await?.ok_or(Error::NotFound)?;
                self.serve(&row, file, age)
            }
            (Some(End::Failed(Failure::NoRoom)), _) => {
                drop(viewer);
                self.pass(wanted, age).await
            }
            (Some(End::Failed(why)), _) => failure(wanted, why, 30),
            (_, Some(ending)) => {
                // an original that is small enough is its own preview
                let small = progress.length.is_some_and(|size| size <= OWN_PREVIEW);
                let own = small && wanted.class == CacheClass::Original;
                let age = if own { FOR_EVER } else { age };
                let shown = shown(&wanted.key, ending, age)?;
                let looker = self.looker(wanted);
                Ok(coming::serve_arriving(looker, self.request, viewer, progress, &shown))
            }
            _ => failure(wanted, Failure::Passing, 30),
        }
    }
}

/// Waits until the kind of a file is known, or that it does not come.
async fn begun(viewer: &mut Viewer) -> Progress {
    let begun = viewer.until(|progress| progress.ending.is_some());
    match tokio::time::timeout(PATIENCE, begun).await {
        Ok(progress) => progress,
        Err(_) => Progress { end: Some(End::Failed(Failure::Passing)), ..Progress::default() },
    }
}

/// The beginning of a file, from the system's memory: it was written or opened just now.
fn read_head(file: &File) -> Result<Vec<u8>> {
    let mut head = vec![0; HEAD];
    let size = file.read_at(&mut head, 0).map_err(Error::internal)?;
    head.truncate(size);
    Ok(head)
}

fn may_move(ending: &str, head: &[u8]) -> bool {
    Format::of_ending(ending).is_some_and(|format| format.may_move(head))
}

fn shown(key: &CacheKey, ending: &str, age: &'static str) -> Result<Shown> {
    let media_type = Format::of_ending(ending).ok_or(Error::NotFound)?.media_type();
    Ok(Shown { tag: format!("\"{}.{ending}\"", key.hex()), media_type, age })
}

/// Why there is nothing to see. Who opens an attachment that is too large for here is sent to its
/// own server: that tells it the reader's address, and is the only way to see it at all.
fn failure(wanted: &Wanted, why: Failure, seconds: u32) -> Result<HttpResponse> {
    match why {
        Failure::TooLarge if wanted.class == CacheClass::Original => Ok(elsewhere(&wanted.url)),
        Failure::Gone | Failure::Refused | Failure::TooLarge => {
            Err(Error::Missing("The file cannot be had from its server".into()))
        }
        Failure::NoRoom => Err(Error::disk_full()),
        Failure::Passing => Err(Error::Unavailable {
            message: "The file cannot be had from its server now".into(),
            retry_after: seconds,
        }),
    }
}
