//! Telling the administrators of reports in their own app: a private message for each of the first few
//! that wait, and one in all for the others, so that a storm of reports is no storm of messages. It goes
//! when the report is settled.

use crate::clock::DAY;
use crate::db::{self, Conn, Tx};
use crate::error::Result;
use crate::model::{Account, Category, Report};
use crate::site::Site;
use crate::text::words::{Lang, Word, say};

use super::letter::{self, About};
use super::trouble::{self, Message};

/// Reports that have a message of their own at the same time.
const MOST: usize = 3;
/// The message that there are more, and after how long it comes anew.
const MORE: &str = "reports";
const AGAIN: i64 = DAY;

/// What messages about single reports are called, before the number.
const ONE: &str = "report:";

/// Of a comment, and of a name, so many characters are told.
const COMMENT: usize = 300;
const NAME: usize = 100;

/// Tells of a report that came.
pub(super) fn tell(tx: &Tx<'_>, site: &Site, report: &Report) -> Result<()> {
    let lang = Lang::of(&site.default_language);
    let is_told = if tidy(tx, site)? < MOST {
        let comment: String = report.comment.chars().take(COMMENT).collect();
        let message = Message {
            text: &sentence(tx, lang, report)?,
            quote: comment.trim(),
            but: report.account_id,
        };
        trouble::tell(tx, site, &format!("{ONE}{}", report.id), message)?
    } else {
        if trouble::told_at(tx, MORE)?.is_some_and(|at| at > tx.now() - AGAIN) {
            return Ok(());
        }
        trouble::clear(tx, site, MORE)?;
        let text = say(lang, Word::report_more, &[]);
        let message = Message { text: &text, but: report.account_id, ..Message::default() };
        trouble::tell(tx, site, MORE, message)?
    };
    if is_told {
        letter::tell_admins(tx, site, About::Report, report.account_id)?;
    }
    Ok(())
}

/// Who, whom, of what kind, and what shows it. The names are those of strangers.
fn sentence(conn: &Conn, lang: Lang, report: &Report) -> Result<String> {
    let kind = match report.category {
        Category::Spam => Word::report_spam,
        Category::Legal => Word::report_legal,
        Category::Violation => Word::report_violation,
        Category::Other => Word::report_other,
    };
    let values = [
        name(&db::account::get(conn, report.account_id)?),
        name(&db::account::get(conn, report.target_id)?),
        say(lang, kind, &[]),
        report.id.to_string(),
    ];
    Ok(say(lang, Word::report_came, &values))
}

/// A handle in which nothing is a link, a tag or a mention.
fn name(account: &Account) -> String {
    let is_plain = |c: &char| c.is_alphanumeric() || "_-.@".contains(*c);
    account.acct().chars().filter(is_plain).take(NAME).collect()
}

/// A report is settled: what told of it goes.
pub(super) fn settled(tx: &Tx<'_>, site: &Site, id: i64) -> Result<()> {
    trouble::clear(tx, site, &format!("{ONE}{id}"))?;
    tidy(tx, site).map(drop)
}

/// Somebody is deleted, and with them the reports that they made or that are about them.
pub(super) fn left(tx: &Tx<'_>, site: &Site, account: i64) -> Result<()> {
    for id in told(tx)? {
        let report = db::report::find(tx, id)?;
        if report.is_some_and(|one| one.account_id == account || one.target_id == account) {
            trouble::clear(tx, site, &format!("{ONE}{id}"))?;
        }
    }
    Ok(())
}

/// Takes back what tells of reports that do not wait any more; how many messages there are still.
fn tidy(tx: &Tx<'_>, site: &Site) -> Result<usize> {
    let mut count = 0;
    for id in told(tx)? {
        match db::report::find(tx, id)?.is_some_and(|one| one.action_taken_at.is_none()) {
            true => count += 1,
            false => trouble::clear(tx, site, &format!("{ONE}{id}"))?,
        }
    }
    if !db::report::is_any_open(tx)? {
        trouble::clear(tx, site, MORE)?;
    }
    Ok(count)
}

/// The reports that have a message.
fn told(conn: &Conn) -> Result<Vec<i64>> {
    let names = trouble::list_told(conn)?;
    Ok(names.iter().filter_map(|name| name.strip_prefix(ONE)?.parse().ok()).collect())
}
