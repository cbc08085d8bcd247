//! Imports at work: one server's lines after each other, so that no server is asked twice at
//! once, each line in a transaction of its own.

use crate::app::App;
use crate::clock::MINUTE;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::federation::process::{Step, Stop};
use crate::federation::resolve;
use crate::model::{Import, Job, JobKind, Sheet, SheetRow};
use crate::service::access;
use crate::service::import::{self, Target};
use crate::text::reason::Reason;

/// How many lines one turn does.
const TURN: i64 = 20;
/// After so many vain tries in a row the server is left alone.
const PATIENCE: usize = 3;
/// The pauses before the next rounds; after the last one its lines fail.
const PAUSES: [i64; 4] = [5 * MINUTE, 30 * MINUTE, 180 * MINUTE, 720 * MINUTE];

/// Does some lines of one server; the job's row is taken care of.
pub(super) fn run(app: &App, job: &Job, online: bool) -> Step<bool> {
    let (id, host): (i64, String) =
        serde_json::from_slice(&job.payload).map_err(Error::internal)?;
    let round = job.attempts;
    let (import, rows) = app.db.read(|conn| {
        Ok((db::import::get(conn, id)?, db::import::list_waiting(conn, id, &host, round, TURN)?))
    })?;
    let Some(import) = import else { return Err(Stop::Drop("the import is gone")) };
    let job_id = job.id;
    if is_shut_out(app, &import)? {
        return wait(app, job_id);
    }
    if rows.is_empty() {
        app.db
            .write(Lane::Background, move |tx| {
                if db::import::waits(tx, id, Some(&host))? {
                    return put_off(tx, job_id, id, round);
                }
                db::job::remove(tx, job_id)?;
                import::feed(tx, id)
            })
            .wait()?;
        return Ok(true);
    }
    let (mut vain, mut moved) = (0, false);
    for (row_id, row) in rows {
        match target(app, &import, &row, online && !is_given_up(round)) {
            Ok((target, was_known)) => {
                apply(app, &import, row_id, row, target)?;
                if was_known {
                    continue;
                }
            }
            Err(Stop::Failed(Error::Remote(_) | Error::Unavailable { .. })) => {
                vain += 1;
                app.db
                    .write(Lane::Background, move |tx| db::import::tried(tx, row_id, round + 1))
                    .wait()?;
                if vain >= PATIENCE {
                    break;
                }
                continue;
            }
            Err(Stop::Failed(error)) if !matches!(error, Error::Internal(_)) => {
                fail(app, id, row_id, error.public())?;
            }
            Err(Stop::NeedsNetwork) if is_given_up(round) => {
                fail(app, id, row_id, Reason::no_answer.plain().to_owned())?;
            }
            Err(stop) => return Err(stop),
        }
        (vain, moved) = (0, true);
    }
    app.db
        .write(Lane::Background, move |tx| {
            if vain >= PATIENCE && moved {
                // it answers, only not as often as it is asked: that is no round
                db::job::again(tx, job_id, tx.now() + PAUSES[0])?;
                return import::feed(tx, id);
            }
            if vain >= PATIENCE {
                return put_off(tx, job_id, id, round);
            }
            db::job::again(tx, job_id, tx.now())
        })
        .wait()?;
    Ok(true)
}

/// Whether nothing is done in the name of the account, since it is suspended, disabled or being
/// deleted.
fn is_shut_out(app: &App, import: &Import) -> Result<bool> {
    Ok(app.db.read(|conn| access::find_allowed(conn, import.account_id))?.is_none())
}

/// The job is looked at again later; its import may be gone by then.
fn wait(app: &App, job: i64) -> Step<bool> {
    app.db
        .write(Lane::Background, move |tx| db::job::again(tx, job, tx.now() + PAUSES[1]))
        .wait()?;
    Ok(true)
}

/// The server does not answer: its lines wait for another round and another server has its turn.
/// After the last round it is given up.
fn put_off(tx: &db::Tx<'_>, job: i64, import: i64, round: i64) -> Result<()> {
    let pause = PAUSES.get(usize::try_from(round).unwrap_or(usize::MAX));
    let due = tx.now() + pause.unwrap_or(&0);
    db::job::postpone(tx, job, due, "the server does not answer")?;
    match pause {
        Some(_) => import::feed(tx, import),
        None => Ok(()),
    }
}

/// Whether the last round was in vain: what is known here is done, all other lines fail.
fn is_given_up(round: i64) -> bool {
    usize::try_from(round).is_ok_and(|round| round > PAUSES.len())
}

/// What a line is about, from its server if it is not known here, and whether it was.
fn target(app: &App, import: &Import, row: &SheetRow, online: bool) -> Step<(Target, bool)> {
    let known = app.db.read(|conn| import::find(conn, &app.site, import.sheet, row))?;
    if let Some(target) = known {
        return Ok((target, true));
    }
    if !online {
        return Err(Stop::NeedsNetwork);
    }
    if import.sheet == Sheet::Bookmarks {
        // without what stands above it: that is not what was kept
        let status = resolve::status(app, &row.what, resolve::MOST_ANCESTORS)?;
        return Ok((Target::Status(status.id), false));
    }
    let (name, domain) = row.what.split_once('@').ok_or(Error::NotFound)?;
    Ok((Target::Account(resolve::account_by_handle(app, name, domain)?.into()), false))
}

fn apply(app: &App, import: &Import, row_id: i64, row: SheetRow, target: Target) -> Result<()> {
    let (of, site) = (import.clone(), app.site.clone());
    let done = app.db.write(Lane::Background, move |tx| {
        import::apply(tx, &site, &of, &row, &target)?;
        let id = match target {
            Target::Account(account) => Some(account.id),
            Target::Status(id) => Some(id),
            Target::Domain => None,
        };
        db::import::done(tx, of.id, row_id, id)
    });
    match done.wait() {
        Err(error @ (Error::Internal(_) | Error::Unavailable { .. })) => Err(error),
        Err(refused) => fail(app, import.id, row_id, refused.public()),
        Ok(()) => Ok(()),
    }
}

fn fail(app: &App, import: i64, row: i64, why: String) -> Result<()> {
    let why = match why.strip_prefix("Validation failed: ") {
        Some(rest) => rest.to_owned(),
        None => why,
    };
    app.db.write(Lane::Background, move |tx| db::import::failed(tx, import, row, &why)).wait()
}

/// Takes away a slice of what an overwriting file does not name.
pub(super) fn clear(app: &App, job: &Job) -> Step<bool> {
    let (id, below): (i64, i64) = serde_json::from_slice(&job.payload).map_err(Error::internal)?;
    let (job_id, lane) = (job.id, job.lane.clone());
    if let Some(import) = app.db.read(|conn| db::import::get(conn, id))?
        && is_shut_out(app, &import)?
    {
        return wait(app, job_id);
    }
    let slice = app.db.write(Lane::Background, move |tx| {
        db::job::remove(tx, job_id)?;
        let Some(import) = db::import::get(tx, id)? else { return Ok(()) };
        match import::clear_slice(tx, &import, below)? {
            Some(next) => {
                let payload = serde_json::to_vec(&(id, next)).map_err(Error::internal)?;
                db::job::insert(tx, JobKind::ImportClear, &lane, &payload).map(|_| ())
            }
            None => db::import::finish(tx, id),
        }
    });
    slice.wait()?;
    Ok(true)
}
