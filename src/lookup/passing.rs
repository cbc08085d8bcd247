//! Files of elsewhere for which there is no room: they go from their server to whoever looks,
//! through a little memory, and are not kept. Nobody is sent to another server for that (S-098).
//! Their first bytes are looked at before anybody gets one, as always (S-105). Each look asks their
//! server anew, so that few of them run at once (`App::passing`), and a viewer who takes nothing for
//! a while loses the thread.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::cached_file::{arrived, settle};
use super::download::{self, GRACE, LEAST_RATE, Outcome, READ};
use crate::app::App;
use crate::client::{Head, Part, Sink};
use crate::clock::MINUTE;
use crate::error::{Error, Result};
use crate::in_flight::Turn;
use crate::media::arriving::{Failure, Passed};
use crate::media::format::HEAD;
use crate::media::storage::pipe::{self, Inlet, Outlet};
use crate::service::cached_file::Wanted;

/// How long a viewer may take for a piece of 64 kB.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a viewer waits for a turn.
const QUEUE: Duration = Duration::from_secs(30);
/// How long it is remembered what a file is.
const KNOWN: i64 = 10 * MINUTE;

/// Somebody who looks at a file.
#[derive(Clone)]
pub struct Looker {
    pub app: App,
    pub wanted: Wanted,
    /// What its turns are counted by.
    pub address: String,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    pub from: u64,
    /// How many bytes; all of them if it is not said.
    pub length: Option<u64>,
    /// What the file was a moment ago; without it `from` is 0, and the first bytes say it.
    pub known: Option<Passed>,
}

impl Asked {
    fn is_part(&self) -> bool {
        self.from > 0 || self.length.is_some()
    }

    fn size(&self) -> Option<u64> {
        self.known.and_then(|about| about.size)
    }

    /// What its server is asked for: from the beginning at least as much as says what it is.
    fn range(&self) -> Option<String> {
        if !self.is_part() {
            return None;
        }
        let least = if self.from == 0 { HEAD as u64 } else { 1 };
        let to = self.length.map(|length| self.from.saturating_add(length.max(least)) - 1);
        Some(format!("bytes={}-{}", self.from, to.map_or(String::new(), |to| to.to_string())))
    }
}

/// A file that goes by.
pub struct Passing {
    pub about: Passed,
    outlet: Outlet,
    /// Whether all came that was asked for.
    whole: Option<oneshot::Receiver<bool>>,
    _turn: Arc<Turn>,
}

impl Passing {
    /// The next bytes; `None`: that was all.
    ///
    /// # Errors
    /// When the download broke off, so that nobody takes the half of a file for the whole.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(piece) = self.outlet.next().await {
            return Ok(Some(piece));
        }
        if let Some(whole) = self.whole.take()
            && whole.await == Ok(true)
        {
            return Ok(None);
        }
        Err(Error::Remote("the download broke off".into()))
    }
}

impl Looker {
    /// A turn among those for whom files go by.
    ///
    /// # Errors
    /// 503 when it does not come.
    pub async fn turn(&self) -> Result<Arc<Turn>> {
        let turn = self.app.passing.enter(&self.address, QUEUE).await;
        turn.map(Arc::new).ok_or_else(|| Error::Unavailable {
            message: "The disk of this server is full, and too many look at files of others".into(),
            retry_after: 30,
        })
    }

    /// What the file was when it went by a moment ago.
    pub fn known(&self) -> Option<Passed> {
        let known = self.app.passed.get(&self.wanted.key.0, self.app.clock.steady_ms());
        known.map(|about| *about)
    }

    /// Begins to fetch it; the inner error says why it cannot be had.
    ///
    /// # Errors
    /// 503 when too many wait for its server.
    pub async fn open(
        &self,
        turn: &Arc<Turn>,
        asked: Asked,
    ) -> Result<std::result::Result<Passing, Failure>> {
        let (inlet, outlet) = pipe::with_patience(PATIENCE);
        let (tell, told) = oneshot::channel();
        let (end, whole) = oneshot::channel();
        let (this, held) = (self.clone(), Arc::clone(turn));
        self.app.media_turns.run(&self.app.lanes.media, &self.wanted.host, move || {
            let _turn = held;
            let all = this.pass(asked, tell, inlet);
            // nobody may wait for it any more
            let _ = end.send(all);
        })?;
        let about = match told.await {
            Ok(Ok(about)) => about,
            Ok(Err(why)) => return Ok(Err(why)),
            Err(_) => return Ok(Err(Failure::Passing)),
        };
        let until = self.app.clock.steady_ms() + KNOWN;
        self.app.passed.insert(self.wanted.key.0, until, &Arc::new(about));
        Ok(Ok(Passing { about, outlet, whole: Some(whole), _turn: Arc::clone(turn) }))
    }

    /// Fetches it on this thread; whether all came.
    fn pass(
        &self,
        asked: Asked,
        tell: oneshot::Sender<std::result::Result<Passed, Failure>>,
        to: Inlet,
    ) -> bool {
        let mut onward = Onward {
            looker: self,
            asked,
            tell: Some(tell),
            to,
            gathered: Vec::new(),
            about: None,
            size: None,
            skip: 0,
            left: asked.length,
            is_file: false,
            since: Instant::now(),
            held: Duration::ZERO,
            bytes: 0,
            stop: None,
        };
        let mut request = download::request(&self.app, &self.wanted);
        if let Some(range) = asked.range() {
            request = request.header("range", range);
        }
        let answer = self.app.client.send_into(request, &mut onward);
        let ended = match onward.stop.take() {
            Some(Stop::Enough) => Ok(()),
            Some(Stop::Failed(why)) => Err(why),
            None => answer.map_err(Outcome::from).and_then(|answer| onward.finish(answer.status)),
        };
        let Err(why) = ended else {
            arrived(&self.app, &self.wanted);
            return true;
        };
        if asked.known.is_some() && !matches!(why, Outcome::Abandoned) {
            // it may be another one now
            let nothing = Passed { ending: "", size: None };
            self.app.passed.insert(self.wanted.key.0, 0, &Arc::new(nothing));
        }
        let why = settle(&self.app, &self.wanted, why);
        if let Some(tell) = onward.tell.take() {
            let _ = tell.send(Err(why));
        }
        false
    }
}

/// Why a download ended before its end.
enum Stop {
    /// What was asked for is there.
    Enough,
    Failed(Outcome),
}

/// Takes the bytes as they arrive, and hands on what was asked for.
struct Onward<'a> {
    looker: &'a Looker,
    asked: Asked,
    tell: Option<oneshot::Sender<std::result::Result<Passed, Failure>>>,
    to: Inlet,
    /// The first bytes, until it is known what they are of.
    gathered: Vec<u8>,
    about: Option<Passed>,
    size: Option<u64>,
    /// What comes before that which was asked for, from a server that knows no ranges.
    skip: u64,
    left: Option<u64>,
    is_file: bool,
    since: Instant,
    /// How long the viewer let us wait.
    held: Duration,
    /// All that came.
    bytes: u64,
    stop: Option<Stop>,
}

impl Onward<'_> {
    fn end(&mut self, why: Stop) -> io::Error {
        self.stop.get_or_insert(why);
        io::Error::other("it ends here")
    }

    /// Where in the file the bytes are that follow.
    fn place(&mut self, head: &Head<'_>) -> std::result::Result<(), Outcome> {
        let other = Outcome::Failed(Failure::Passing);
        match head.answer.status {
            200 => {
                self.size = head.length;
                self.skip = self.asked.from;
            }
            _ => {
                let Part { from, length, size } = head.part().ok_or(other)?;
                if from != self.asked.from || self.asked.length.is_some_and(|asked| asked > length)
                {
                    return Err(Outcome::Failed(Failure::Passing));
                }
                self.size = Some(size);
            }
        }
        let most = download::cap(&self.looker.app, self.looker.wanted.class) as u64;
        if self.size.is_some_and(|size| size > most) {
            return Err(Outcome::Failed(Failure::TooLarge));
        }
        // one of another size is another one
        if let (Some(before), Some(now)) = (self.asked.size(), self.size)
            && before != now
        {
            return Err(Outcome::Failed(Failure::Passing));
        }
        let rest = self.size.map(|size| size.saturating_sub(self.asked.from));
        self.left = self.left.or(rest);
        Ok(())
    }

    /// Says what it is, and hands on what there is.
    fn begin_with(&mut self, about: Passed) -> std::result::Result<(), Stop> {
        self.about = Some(about);
        let heard = self.tell.take().is_some_and(|tell| tell.send(Ok(about)).is_ok());
        if !heard {
            return Err(Stop::Failed(Outcome::Abandoned));
        }
        let gathered = std::mem::take(&mut self.gathered);
        self.hand_on(&gathered)
    }

    /// Every look looks at the first bytes, also of what was another thing a moment ago (S-105).
    fn look(&mut self) -> std::result::Result<(), Stop> {
        let class = self.looker.wanted.class;
        let ending = download::kind(class, &self.gathered).map_err(Stop::Failed)?;
        match self.asked.known {
            Some(known) if known.ending == ending => self.begin_with(known),
            Some(_) => Err(Stop::Failed(Outcome::Failed(Failure::Passing))),
            None => self.begin_with(Passed { ending, size: self.size }),
        }
    }

    fn hand_on(&mut self, data: &[u8]) -> std::result::Result<(), Stop> {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(data.len());
        self.skip -= skipped as u64;
        let data = &data[skipped..];
        let left = self.left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let fits = &data[..data.len().min(left)];
        if let Some(left) = &mut self.left {
            *left -= fits.len() as u64;
        }
        let since = Instant::now();
        // what came alone is not held back
        let short = data.len() < READ;
        let written =
            self.to.write_all(fits).and_then(|()| if short { self.to.flush() } else { Ok(()) });
        self.held += since.elapsed();
        // the viewer left, or takes nothing
        written.map_err(|_| Stop::Failed(Outcome::Abandoned))?;
        if fits.len() < data.len() || (self.left == Some(0) && self.asked.length.is_some()) {
            return Err(Stop::Enough);
        }
        Ok(())
    }

    fn take(&mut self, data: &[u8]) -> std::result::Result<(), Stop> {
        self.bytes += data.len() as u64;
        let spent = self.since.elapsed().saturating_sub(self.held);
        if spent > GRACE && self.bytes < spent.as_secs() * LEAST_RATE {
            return Err(Stop::Failed(Outcome::Failed(Failure::Passing)));
        }
        if self.about.is_some() {
            return self.hand_on(data);
        }
        self.gathered.extend_from_slice(data);
        if download::is_telling(&self.gathered) { self.look() } else { Ok(()) }
    }

    /// All has come that comes.
    fn finish(&mut self, status: u16) -> std::result::Result<(), Outcome> {
        download::judge(status, self.asked.is_part())?;
        if self.bytes == 0 {
            return Err(Outcome::Failed(Failure::Passing));
        }
        if self.about.is_none() {
            match self.look() {
                Ok(()) | Err(Stop::Enough) => {}
                Err(Stop::Failed(why)) => return Err(why),
            }
        }
        let all = self.left.is_none_or(|left| left == 0) && self.skip == 0;
        if all { Ok(()) } else { Err(Outcome::Failed(Failure::Passing)) }
    }
}

impl Write for Onward<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.is_file {
            self.take(data).map_err(|why| self.end(why))?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Onward<'_> {
    fn begin(&mut self, head: &Head<'_>) -> io::Result<()> {
        self.is_file = download::judge(head.answer.status, self.asked.is_part()).is_ok();
        if !self.is_file {
            return Ok(());
        }
        let looker = self.looker;
        download::check_host(&looker.app, &looker.wanted, head)
            .and_then(|()| self.place(head))
            .map_err(|why| self.end(Stop::Failed(why)))?;
        // what comes before a part was looked at when it was asked for first
        match self.asked.known.filter(|_| self.asked.from > 0) {
            Some(about) => self.begin_with(about).map_err(|why| self.end(why)),
            None => Ok(()),
        }
    }
}
