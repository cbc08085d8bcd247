//! Polls: making, voting, telling the tallies, and their end.

use serde::{Deserialize, Serialize};

use crate::activity::build;
use crate::clock::MINUTE;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, JobKind, NotificationKind, Poll, Status};
use crate::site::Site;

use super::{delivery, document, notification, status, visibility};

/// New tallies of a poll of ours are told at most this often (F-307).
const TALLY_PAUSE: i64 = 3 * MINUTE;

/// A poll as a person wants it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NewPoll {
    pub options: Vec<String>,
    /// Seconds.
    pub expires_in: Option<i64>,
    pub multiple: bool,
    pub hide_totals: bool,
}

/// Checks a new poll and makes it ready to be stored.
///
/// # Errors
/// 422 where it breaks a limit.
pub fn make(site: &Site, new: &NewPoll, now: i64) -> Result<Poll> {
    let refused = |why: String| Err(Error::invalid(format!("Validation failed: {why}")));
    let limits = &site.limits;
    let options: Vec<String> =
        new.options.iter().map(|o| o.trim().to_owned()).filter(|o| !o.is_empty()).collect();
    if options.len() < 2 {
        return refused("Choices must have more than one item".into());
    }
    if options.len() > limits.max_poll_options {
        return refused(format!(
            "Choices can't contain more than {} items",
            limits.max_poll_options
        ));
    }
    let longest = limits.max_poll_option_characters;
    if options.iter().any(|option| option.chars().count() > longest) {
        return refused(format!("Choices cannot be longer than {longest} characters each"));
    }
    if options.iter().enumerate().any(|(at, option)| options[..at].contains(option)) {
        return refused("Choices contain duplicate items".into());
    }
    let Some(seconds) = new.expires_in else {
        return refused("Deadline can't be blank".into());
    };
    if seconds < i64::try_from(limits.min_poll_seconds).unwrap_or(i64::MAX) {
        return refused("Deadline is too soon".into());
    }
    if seconds > i64::try_from(limits.max_poll_seconds).unwrap_or(i64::MAX) {
        return refused("Deadline is too far into the future".into());
    }
    Ok(Poll {
        multiple: new.multiple,
        end: Some(now.saturating_add(seconds.saturating_mul(1000))),
        voters: Some(0),
        options: options.into_iter().map(|option| (option, 0)).collect(),
        hide_totals: new.hide_totals,
    })
}

/// The status whose poll an id names.
///
/// # Errors
/// 404 when there is none that the viewer may read.
pub fn get(conn: &Conn, viewer: i64, id: i64) -> Result<Status> {
    let status = visibility::get(conn, viewer, id)?;
    if status.poll.is_none() { Err(Error::NotFound) } else { Ok(status) }
}

/// Votes. In a remote poll the author's server is told, one vote at a time (F-305), and counts;
/// here the tallies go ahead of it until it tells its own.
///
/// # Errors
/// 422 for the poll's author, after its end, for a choice that is not there, and the second time.
pub fn vote(tx: &Tx<'_>, account: &Account, id: i64, choices: &[i64]) -> Result<Status> {
    super::moving::may_act(account)?;
    let status = get(tx, account.id, id)?;
    let Some(mut poll) = status.poll.clone() else { return Err(Error::NotFound) };
    let refused = |why: &str| Err(Error::invalid(format!("Validation failed: {why}")));
    if status.account_id == account.id {
        return refused("You cannot vote in your own polls");
    }
    if poll.is_over(tx.now()) {
        return refused("The poll has already ended");
    }
    if choices.is_empty() {
        return refused("choices can't be blank");
    }
    let voted = db::poll::has_voted(tx, status.id, account.id)?;
    if !poll.multiple && (voted || choices.len() > 1) {
        return refused("You have already voted on this poll");
    }
    let author = db::account::get(tx, status.account_id)?;
    for choice in choices {
        let option = usize::try_from(*choice).ok().and_then(|at| poll.options.get_mut(at));
        let Some((name, votes)) = option else {
            return refused("The chosen vote option does not exist");
        };
        let uri = format!("{}#votes/{}", account.uri, tx.mint_id());
        if !db::poll::insert_vote(tx, status.id, account.id, *choice, Some(&uri))? {
            return refused("You have already voted on this poll");
        }
        *votes += 1;
        if !author.is_local() {
            let activity = build::vote(&uri, &account.uri, &status.uri, &author.uri, name);
            delivery::queue_for(tx, account, &activity, &author)?;
        }
    }
    count_voter(&mut poll, voted);
    db::poll::update(tx, status.id, &poll)?;
    if status.local {
        tell_soon(tx, status.id)?;
    } else {
        at_end(tx, status.id, &poll)?;
    }
    Ok(Status { poll: Some(poll), ..status })
}

fn count_voter(poll: &mut Poll, voted: bool) {
    if let Some(voters) = poll.voters.as_mut().filter(|_| !voted) {
        *voters += 1;
    }
}

/// A remote account votes in a poll of ours (F-306). What does not count is ignored: late, not
/// for this reader, no such option, the second time.
pub fn vote_in(
    tx: &Tx<'_>,
    account: &Account,
    status_id: i64,
    name: &str,
    uri: &str,
) -> Result<()> {
    let Some(status) = db::status::find(tx, status_id)?.filter(|status| status.local) else {
        return Ok(());
    };
    let Some(mut poll) = status.poll.clone() else { return Ok(()) };
    if poll.is_over(tx.now()) || !visibility::can_see(tx, account.id, &status)? {
        return Ok(());
    }
    let Some(at) = poll.options.iter().position(|(option, _)| option == name) else {
        return Ok(());
    };
    let voted = db::poll::has_voted(tx, status.id, account.id)?;
    let choice = i64::try_from(at).unwrap_or(i64::MAX);
    if (voted && !poll.multiple)
        || !db::poll::insert_vote(tx, status.id, account.id, choice, Some(uri))?
    {
        return Ok(());
    }
    if let Some((_, votes)) = poll.options.get_mut(at) {
        *votes += 1;
    }
    count_voter(&mut poll, voted);
    db::poll::update(tx, status.id, &poll)?;
    tell_soon(tx, status.id)
}

/// The queue's lane of one poll.
fn lane(status_id: i64) -> String {
    format!("poll:{status_id}")
}

/// Tells the tallies in a while, unless that is planned.
fn tell_soon(tx: &Tx<'_>, status_id: i64) -> Result<()> {
    let (kind, lane) = (JobKind::PollTally, lane(status_id));
    if !db::job::waits(tx, kind, &lane)? {
        let due = tx.now() + TALLY_PAUSE;
        db::job::insert_at(tx, kind, &lane, status_id.to_string().as_bytes(), due)?;
    }
    Ok(())
}

/// Plans what happens at a poll's end, in place of what was planned.
pub(super) fn at_end(tx: &Tx<'_>, status_id: i64, poll: &Poll) -> Result<()> {
    let (kind, lane) = (JobKind::PollEnd, lane(status_id));
    db::job::remove_kind(tx, kind, &lane)?;
    if let Some(end) = poll.end {
        db::job::insert_at(tx, kind, &lane, status_id.to_string().as_bytes(), end)?;
    }
    Ok(())
}

/// `Update(Question)` with the tallies as they are (F-307).
pub fn tell(tx: &Tx<'_>, site: &Site, status_id: i64) -> Result<()> {
    let Some(status) = db::status::find(tx, status_id)?.filter(|s| s.local && s.poll.is_some())
    else {
        return Ok(());
    };
    let author = db::account::get(tx, status.account_id)?;
    if author.suspended_at.is_some() {
        return Ok(());
    }
    let note = document::note(tx, site, &status, &author)?;
    let id = format!("{}#updates/{}", status.uri, tx.mint_id());
    let activity = build::update(&id, &note, tx.now());
    delivery::queue(tx, &author, &activity, status::reach(tx, &status)?)
}

/// The end of a poll: its last tallies, and a word to its author and the local voters (F-309).
/// Answers when it ends, if that is not yet: an edit may have put it off.
pub fn end(tx: &Tx<'_>, site: &Site, status_id: i64) -> Result<Option<i64>> {
    let Some(status) = db::status::find(tx, status_id)? else { return Ok(None) };
    let Some(poll) = &status.poll else { return Ok(None) };
    if !poll.is_over(tx.now()) {
        return Ok(poll.end);
    }
    tell(tx, site, status_id)?;
    let author = db::account::get(tx, status.account_id)?;
    if author.is_local() {
        notification::notify(tx, &author, NotificationKind::Poll, &author, Some(&status))?;
    }
    for voter in db::account::list(tx, &db::poll::list_local_voters(tx, status_id)?)? {
        notification::notify(tx, &voter, NotificationKind::Poll, &author, Some(&status))?;
    }
    Ok(None)
}
