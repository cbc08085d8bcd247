//! Lists of blocked domains are read daily; the job is always the same row.

use crate::app::App;
use crate::clock::DAY;
use crate::db::{self, Lane};
use crate::error::Error;
use crate::federation::process::{Step, Stop};
use crate::lookup::blocklist::{self, Answer};
use crate::model::{DomainList, Job};
use crate::service::domain_list;

/// Reads a list and takes over what it names. True: the row has its next time.
pub(super) fn refresh(app: &App, job: &Job, online: bool) -> Step<bool> {
    let list = crate::id::parse(&String::from_utf8_lossy(&job.payload));
    let list = list.ok_or(Stop::Drop("no list"))?;
    let Some(list) = app.db.read(|conn| db::domain_list::find(conn, list))? else {
        return Err(Stop::Drop("nobody is subscribed to it any more"));
    };
    if !online {
        return Err(Stop::NeedsNetwork);
    }
    let (id, read) = (list.id, read(app, &list));
    if let Err(error) = &read {
        tracing::warn!(url = %list.url, %error, "a list of blocked domains could not be read");
    }
    let job = job.id;
    let effect = app.db.write(Lane::Background, move |tx| match read {
        Ok((etag, modified)) => {
            db::domain_list::checked(tx, id, etag.as_deref(), modified.as_deref())?;
            db::job::again(tx, job, tx.now() + DAY)
        }
        Err(error) => {
            db::domain_list::failed(tx, id, &error.to_string())?;
            db::job::again(tx, job, tx.now() + domain_list::AGAIN)
        }
    });
    effect.wait()?;
    Ok(true)
}

type Marks = (Option<String>, Option<String>);

fn read(app: &App, list: &DomainList) -> Result<Marks, Error> {
    let (etag, modified) = (list.etag.as_deref(), list.last_modified.as_deref());
    match blocklist::fetch(app, &list.url, etag, modified)? {
        Answer::Same => Ok((list.etag.clone(), list.last_modified.clone())),
        Answer::New { text, etag, last_modified } => {
            let plan = domain_list::refresh(&app.db, &app.site, list, &text)?;
            tracing::info!(
                url = %list.url, added = plan.add.len(), ended = plan.remove.len(),
                kept = plan.kept.len(), hidden = plan.hidden, unreadable = plan.unreadable,
                "a list of blocked domains was read"
            );
            Ok((etag, last_modified))
        }
    }
}
