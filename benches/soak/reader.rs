//! A person who reads as a trace says: its columns are explained in `week.csv`.

use std::collections::VecDeque;
use std::fs;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;

use dassie::app::App;
use dassie::clock::{DAY, HOUR, MINUTE};
use dassie::crypto;
use dassie::db::{self, Lane};
use dassie::media::storage::{Name, new_key};
use dassie::model::{CacheClass, MediaKind, Page, Store, Upload, UploadPurpose, UploadState};
use dassie::service::account::{self, NewAccount};
use dassie::service::status::{self, Draft, Mentioned};
use dassie::service::timeline;
use dassie::signature::key;

use crate::relays::bytes_of;
use crate::shelf::Shelf;
use crate::text::{self, Rng};
use crate::{Day, Res};

/// One line of the trace.
struct Line {
    /// Of the week, in milliseconds.
    at: i64,
    what: What,
    count: usize,
    hours: i64,
}

#[derive(Clone, Copy)]
enum What {
    Home,
    Public,
    Profile,
    Again,
    Like,
    Post,
}

/// Somebody with an account here.
pub struct Reader {
    rng: Rng,
    account: i64,
    followed: Vec<i64>,
    trace: Vec<Line>,
    /// Statuses that were seen within a week, and when.
    seen: VecDeque<(i64, i64)>,
    /// What must not be lost.
    written: Vec<i64>,
    liked: Vec<i64>,
    uploads: Vec<Name>,
}

fn parse(path: &Path) -> Res<Vec<Line>> {
    let text = fs::read_to_string(path)?;
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.starts_with("day,") || line.trim().is_empty() {
            continue;
        }
        let wrong = || format!("{}, line {}: {line} is not understood", path.display(), number + 1);
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let [day, time, what, count, hours] = fields[..] else { return Err(wrong().into()) };
        let (hour, minute) = time.split_once(':').ok_or_else(wrong)?;
        let at = day.parse::<i64>()? * DAY + hour.parse::<i64>()? * HOUR;
        let what = match what {
            "home" => What::Home,
            "public" => What::Public,
            "profile" => What::Profile,
            "again" => What::Again,
            "like" => What::Like,
            "post" => What::Post,
            _ => return Err(wrong().into()),
        };
        lines.push(Line {
            at: at + minute.parse::<i64>()? * MINUTE,
            what,
            count: count.parse()?,
            hours: if hours.is_empty() { 0 } else { hours.parse()? },
        });
    }
    Ok(lines)
}

impl Reader {
    /// Makes the account, which follows these.
    pub fn new(app: &App, trace: &Path, followed: Vec<i64>) -> Res<Self> {
        let trace = parse(trace)?;
        let (site, new) = (
            app.site.clone(),
            NewAccount {
                username: "ann".into(),
                email: "ann@example.org".into(),
                password_hash: "!".into(),
                admin: true,
                key: key::generate()?,
            },
        );
        let targets = followed.clone();
        let made = app.db.write(Lane::Interactive, move |tx| {
            let account = account::create(tx, &site, new)?;
            for target_id in targets {
                db::follow::upsert(
                    tx,
                    &db::follow::Follow {
                        id: 0,
                        account_id: account.id,
                        target_id,
                        accepted: true,
                        uri: format!("https://soak.example/follows/{target_id}"),
                        reblogs: true,
                        notify: false,
                        languages: Vec::new(),
                    },
                )?;
            }
            Ok(account.id)
        });
        Ok(Self {
            rng: Rng::new(7),
            account: made.wait()?,
            followed,
            trace,
            seen: VecDeque::new(),
            written: Vec::new(),
            liked: Vec::new(),
            uploads: Vec::new(),
        })
    }

    /// Does what the trace has between these times; it begins anew each week from `start` on.
    pub fn read(
        &mut self,
        app: &App,
        times: Range<i64>,
        start: i64,
        shelf: &mut Shelf,
        day: &mut Day,
    ) -> Res<()> {
        let from = (times.start - start).rem_euclid(7 * DAY);
        let due = from..from + (times.end - times.start);
        let lines: Vec<(What, usize, i64)> = self
            .trace
            .iter()
            .filter(|line| due.contains(&line.at))
            .map(|line| (line.what, line.count, line.hours))
            .collect();
        for (what, count, hours) in lines {
            match what {
                What::Home => {
                    let (me, page) = (self.account, Page::newest(40));
                    let mut ids = app.db.read(move |conn| timeline::home(conn, me, &page))?;
                    while ids.len() < count
                        && let Some(last) = ids.last().copied()
                    {
                        let page = Page { max_id: Some(last), ..Page::newest(40) };
                        let more = app.db.read(move |conn| timeline::home(conn, me, &page))?;
                        if more.is_empty() {
                            break;
                        }
                        ids.extend(more);
                    }
                    ids.truncate(count);
                    self.look(app, &ids, shelf, day)?;
                }
                What::Public => {
                    let ids = self.newest(app, "1", count)?;
                    self.look(app, &ids, shelf, day)?;
                }
                What::Profile => {
                    let at = self.rng.below(self.followed.len());
                    let of = self.followed.get(at).copied().unwrap_or_default();
                    let ids = self.newest(app, &format!("account_id = {of}"), count)?;
                    self.look(app, &ids, shelf, day)?;
                }
                What::Again => {
                    let ids = self.some_seen(app, count, hours);
                    self.look(app, &ids, shelf, day)?;
                }
                What::Like => self.like(app, count, hours)?,
                What::Post => {
                    for _ in 0..count {
                        self.post(app)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn newest(&self, app: &App, which: &str, count: usize) -> Res<Vec<i64>> {
        let folder = &app.config.storage.data_dir;
        let sql = rusqlite::Connection::open(folder.join("dassie.db"))?;
        let mut query = sql.prepare(&format!(
            "SELECT id FROM status WHERE {which} ORDER BY id DESC LIMIT {count}"
        ))?;
        let ids = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(ids)
    }

    /// Statuses that were seen within these hours.
    fn some_seen(&mut self, app: &App, count: usize, hours: i64) -> Vec<i64> {
        let since = app.clock.now_ms() - hours * HOUR;
        let first = self.seen.partition_point(|(at, _)| *at < since);
        let of = self.seen.len() - first;
        (0..count.min(of))
            .filter_map(|_| self.seen.get(first + self.rng.below(of)).map(|(_, id)| *id))
            .collect()
    }

    /// Looks at statuses: the pictures in them and of who wrote them.
    fn look(&mut self, app: &App, ids: &[i64], shelf: &mut Shelf, day: &mut Day) -> Res<()> {
        let wanted = ids.to_vec();
        let (media, accounts) = app.db.read(move |conn| {
            let statuses = db::status::list(conn, &wanted)?;
            let mut authors: Vec<i64> = statuses.iter().map(|one| one.account_id).collect();
            authors.sort_unstable();
            authors.dedup();
            Ok((db::status::list_media(conn, &wanted)?, db::account::list(conn, &authors)?))
        })?;
        for account in accounts {
            if let Some(url) = &account.avatar_url {
                shelf.view(app, (CacheClass::Avatar, account.id, url), bytes_of(url), day)?;
            }
        }
        for one in media {
            let url = &one.remote_url;
            shelf.view(app, (CacheClass::Original, one.id, url), bytes_of(url), day)?;
        }
        let now = app.clock.now_ms();
        while self.seen.front().is_some_and(|(at, _)| now - at > 7 * DAY) {
            self.seen.pop_front();
        }
        self.seen.extend(ids.iter().map(|id| (now, *id)));
        Ok(())
    }

    fn like(&mut self, app: &App, count: usize, hours: i64) -> Res<()> {
        let ids = self.some_seen(app, count, hours);
        let me = self.account;
        let liked = app.db.write(Lane::Interactive, move |tx| {
            let there = db::status::list(tx, &ids)?;
            for status in &there {
                db::favourite::insert(tx, me, status.id, None)?;
            }
            Ok(there.into_iter().map(|status| status.id).collect::<Vec<_>>())
        });
        self.liked.extend(liked.wait()?);
        Ok(())
    }

    /// Writes a status, every third one with a picture.
    fn post(&mut self, app: &App) -> Res<()> {
        let words = text::plain(&mut self.rng, "en", 200);
        let mut media_ids = Vec::new();
        if self.rng.below(3) == 0 {
            media_ids.push(self.upload(app)?);
        }
        let (me, site) = (self.account, app.site.clone());
        let draft = Draft {
            text: words,
            media_ids,
            idempotency_key: Some(crypto::code128()),
            ..Draft::default()
        };
        let written = app.db.write(Lane::Interactive, move |tx| {
            let author = db::account::get(tx, me)?;
            status::create(tx, &site, &author, draft, &Mentioned::default())
        });
        self.written.push(written.wait()?.id);
        Ok(())
    }

    fn upload(&mut self, app: &App) -> Res<i64> {
        let key = new_key();
        let name = Name::parse(&format!("{key}.jpg")).ok_or("no name")?;
        let mut file = app.media.storage.begin()?;
        file.write(&[7; 50_000])?;
        let temporary = file.keep()?;
        app.media.storage.keep(&app.media.storage.temporary(&temporary), &name)?;
        let me = self.account;
        let stored = app.db.write(Lane::Interactive, move |tx| {
            let upload = Upload {
                id: tx.mint_id(),
                account_id: me,
                status_id: None,
                kind: MediaKind::Image,
                media_type: "image/jpeg".into(),
                key,
                extension: "jpg".into(),
                preview_extension: None,
                state: UploadState::Ready,
                description: None,
                blurhash: None,
                focus: None,
                width: Some(800),
                height: Some(600),
                preview_width: None,
                preview_height: None,
                duration: None,
                error: None,
                frame_rate: None,
                bitrate: None,
                sound: None,
                store: Store::Disk,
            };
            db::upload::insert(tx, &upload, UploadPurpose::Attachment, 50_000)?;
            Ok(upload.id)
        });
        self.uploads.push(name);
        Ok(stored.wait()?)
    }

    /// How many of what was written, favourited and uploaded are not there any more.
    pub fn lost(&self, app: &App, folder: &Path) -> Res<usize> {
        let mut lost = 0;
        for ids in [&self.written, &self.liked] {
            for part in ids.chunks(500) {
                let mut part = part.to_vec();
                part.sort_unstable();
                part.dedup();
                let count = part.len();
                lost += count - app.db.read(move |conn| db::status::list(conn, &part))?.len();
            }
        }
        for name in &self.uploads {
            lost += usize::from(app.media.storage.open_file(name)?.is_none());
        }
        let sql = rusqlite::Connection::open(folder.join("dassie.db"))?;
        let mut broken = sql.prepare("PRAGMA foreign_key_check")?;
        if broken.exists([])? {
            return Err("rows refer to others that are gone".into());
        }
        writeln!(
            std::io::stdout(),
            "written {}, favourited {}, uploaded {} here",
            self.written.len(),
            self.liked.len(),
            self.uploads.len()
        )?;
        Ok(lost)
    }
}
