//! One download of a file of elsewhere: its first bytes are looked at before anybody gets one
//! (S-105), then it goes to the disk and, from there, to whoever watches. Size and time are watched
//! as it grows, and its place is reserved before it is taken (S-113).

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::client::{ClientError, Head, Kind, Limits, OutRequest, Sink, host_of};
use crate::error::Error;
use crate::media::arriving::{Arriving, Failure};
use crate::media::format::{self, Format, HEAD};
use crate::media::room::Reservation;
use crate::media::storage::Incoming;
use crate::model::CacheClass;
use crate::service::cached_file::{Wanted, is_blocked};

/// How much is gathered before it is written and told. A read that brings less than it could
/// emptied the line: who waits gets what there is before the next comes.
const PIECE: usize = 128 * 1024;
pub(super) const READ: usize = 16 * 1024;
const GATHER: Duration = Duration::from_millis(50);
/// After this time a download must have come in at so many bytes a second on average: whoever
/// sends slower on purpose would hold a thread for hours.
pub(super) const GRACE: Duration = Duration::from_secs(20);
pub(super) const LEAST_RATE: u64 = 16 * 1024;
/// What nobody waits for any more is finished all the same when no more than this is missing; what
/// is fetched before anybody looks is no larger.
const SOON: u64 = 2 << 20;
/// By so many bytes most files are known.
const FEW: usize = 64;
/// How much is reserved at a time for a file whose length is not told, in bytes.
const STEP: u64 = 4 << 20;

/// Largest files of those classes that have no setting.
const PICTURE: usize = 10 << 20;
const EMOJI: usize = 1 << 20;

/// Why there is no file.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Nobody waits for it.
    Abandoned,
    /// It failed a moment ago already.
    Known(Failure),
    Failed(Failure),
    NoAnswer(ClientError),
    /// The disk or the database.
    Ours(Error),
}

impl From<Error> for Outcome {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<ClientError> for Outcome {
    fn from(error: ClientError) -> Self {
        match error.kind {
            Kind::TooLarge => Self::Failed(Failure::TooLarge),
            Kind::BadUrl | Kind::Forbidden | Kind::Redirect => Self::Failed(Failure::Refused),
            _ => Self::NoAnswer(error),
        }
    }
}

/// What is sent to its server.
pub(super) fn request(app: &App, wanted: &Wanted) -> OutRequest {
    OutRequest::get(&wanted.url)
        .header("accept", "image/*, video/*, audio/*, */*;q=0.1")
        // the bytes shall be those that are there, in their length
        .header("accept-encoding", "identity")
        .limits(Limits::file(cap(app, wanted.class)))
}

/// Whether an answer with this status has the file, or the `part` of it that was asked for.
pub(super) fn judge(status: u16, part: bool) -> Result<(), Outcome> {
    match status {
        200 => Ok(()),
        206 if part => Ok(()),
        404 | 410 => Err(Outcome::Failed(Failure::Gone)),
        400..=403 | 405..=407 | 451 => Err(Outcome::Failed(Failure::Refused)),
        _ => Err(Outcome::Failed(Failure::Passing)),
    }
}

/// F-338: nothing of blocked servers, also where it was sent on to one.
pub(super) fn check_host(app: &App, wanted: &Wanted, head: &Head<'_>) -> Result<(), Outcome> {
    let host = host_of(&head.answer.final_url).unwrap_or_default();
    if host != wanted.host && app.db.read(|conn| is_blocked(conn, &host))? {
        return Err(Outcome::Failed(Failure::Refused));
    }
    Ok(())
}

/// Whether so much of a file says what it is: few bytes of most, all that is ever looked at of MP3
/// without tags and of what is nothing that is known.
pub(super) fn is_telling(head: &[u8]) -> bool {
    head.len() >= HEAD || (head.len() >= FEW && format::sniff(head).is_some())
}

/// The kind of a file of this class, by its first bytes (S-105). What is no attachment is an image.
pub(super) fn kind(class: CacheClass, head: &[u8]) -> Result<&'static str, Outcome> {
    let format = format::sniff(&head[..head.len().min(HEAD)]);
    let taken = format.filter(|format| class == CacheClass::Original || format.is_image());
    taken.map(Format::extension).ok_or(Outcome::Failed(Failure::Refused))
}

/// How large a file of this class may be.
pub(super) fn cap(app: &App, class: CacheClass) -> usize {
    match class {
        CacheClass::Original => app.site.limits.max_remote_media_bytes,
        CacheClass::Emoji | CacheClass::EmojiStill => EMOJI,
        _ => PICTURE,
    }
}

/// Downloads a file; it is whole, and not yet under its name. Its place is kept until the
/// reservation is dropped. `ahead`: also if nobody waits for it, unless it is large.
pub(super) fn download(
    app: &App,
    wanted: &Wanted,
    arriving: &Arc<Arriving>,
    ahead: bool,
) -> Result<(Incoming, Reservation), Outcome> {
    let mut into = Into {
        app,
        wanted,
        arriving,
        ahead,
        incoming: app.media.cache.begin()?,
        gathered: Vec::new(),
        told: Instant::now(),
        since: Instant::now(),
        bytes: 0,
        place: app.media.room.reserve(0)?,
        length: None,
        is_file: false,
        stop: None,
    };
    let answer = app.client.send_into(request(app, wanted), &mut into);
    if let Some(stop) = into.stop {
        return Err(stop);
    }
    judge(answer?.status, false)?;
    into.finish()
}

/// Takes the bytes as they arrive.
struct Into<'a> {
    app: &'a App,
    wanted: &'a Wanted,
    arriving: &'a Arc<Arriving>,
    ahead: bool,
    incoming: Incoming,
    gathered: Vec<u8>,
    told: Instant,
    since: Instant,
    /// All that came.
    bytes: u64,
    place: Reservation,
    length: Option<u64>,
    /// Not the text of an error.
    is_file: bool,
    /// Why it ended here.
    stop: Option<Outcome>,
}

impl Into<'_> {
    fn fail(&mut self, why: Outcome) -> io::Error {
        self.stop.get_or_insert(why);
        io::Error::other("it ends here")
    }

    /// Its place shall hold so many bytes in all.
    fn reserve(&mut self, bytes: u64) -> Result<(), Outcome> {
        let more = bytes.saturating_sub(self.place.bytes());
        if more == 0 {
            return Ok(());
        }
        self.place.grow(more).map_err(|error| match error {
            Error::Unavailable { .. } => Outcome::Failed(Failure::NoRoom),
            error => Outcome::Ours(error),
        })
    }

    /// The kind of file, from its first bytes; tells it with them.
    fn look(&mut self) -> Result<(), Outcome> {
        let ending = kind(self.wanted.class, &self.gathered)?;
        self.arriving.begin(self.incoming.reader()?, ending, self.length);
        Ok(())
    }

    fn write_out(&mut self) -> Result<(), Outcome> {
        if self.arriving.file().is_none() {
            self.look()?;
        }
        self.incoming.write(&self.gathered)?;
        self.gathered.clear();
        self.told = Instant::now();
        self.arriving.grow(self.incoming.bytes);
        Ok(())
    }

    fn take(&mut self, data: &[u8]) -> Result<(), Outcome> {
        self.gathered.extend_from_slice(data);
        self.bytes += data.len() as u64;
        let spent = self.since.elapsed();
        if spent > GRACE && self.bytes < spent.as_secs() * LEAST_RATE {
            return Err(Outcome::Failed(Failure::Passing));
        }
        if !self.is_worth_it() && self.arriving.give_up() {
            return Err(Outcome::Abandoned);
        }
        if self.bytes > self.place.bytes() {
            self.reserve(self.bytes + STEP)?;
        }
        let full = self.gathered.len() >= PIECE;
        let due = full || data.len() < READ || self.told.elapsed() > GATHER;
        // before that nobody knows what it is
        if due && (self.arriving.file().is_some() || is_telling(&self.gathered)) {
            self.write_out()?;
        }
        Ok(())
    }

    /// Although nobody waits for it.
    fn is_worth_it(&self) -> bool {
        match self.length {
            Some(length) if self.ahead => length <= SOON,
            Some(length) => {
                let missing = length.saturating_sub(self.bytes);
                missing <= SOON || missing <= self.bytes
            }
            None => self.ahead && self.bytes <= SOON,
        }
    }

    /// All has come.
    fn finish(mut self) -> Result<(Incoming, Reservation), Outcome> {
        if self.length.is_some_and(|length| length != self.bytes) || self.bytes == 0 {
            return Err(Outcome::Failed(Failure::Passing));
        }
        if !self.gathered.is_empty() || self.arriving.file().is_none() {
            self.write_out()?;
        }
        Ok((self.incoming, self.place))
    }
}

impl Write for Into<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.is_file {
            self.take(data).map_err(|why| self.fail(why))?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Into<'_> {
    fn begin(&mut self, head: &Head<'_>) -> io::Result<()> {
        self.is_file = head.answer.status == 200;
        if !self.is_file {
            return Ok(());
        }
        self.length = head.length;
        if self.ahead && !self.is_worth_it() && self.arriving.give_up() {
            return Err(self.fail(Outcome::Abandoned));
        }
        check_host(self.app, self.wanted, head)
            .and_then(|()| self.reserve(head.length.unwrap_or(STEP)))
            .map_err(|why| self.fail(why))?;
        Ok(())
    }
}
