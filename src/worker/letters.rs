//! One letter: written when its turn comes, by what is so then, and given to the mail server.

use crate::app::App;
use crate::client::mail;
use crate::db::Lane;
use crate::error::Error;
use crate::federation::process::{Step, Stop};
use crate::model::Job;
use crate::service::letter;

/// Writes and sends what a job is about. What failed for a while is written anew, with a new link.
pub(super) fn send(app: &App, job: &Job) -> Step<bool> {
    let (what, whom): (i64, i64) = serde_json::from_slice(&job.payload).map_err(Error::internal)?;
    let (site, title) = (app.site.clone(), app.config.instance.title.clone());
    let written = app
        .db
        .write(Lane::Background, move |tx| letter::write(tx, &site, &title, what, whom))
        .wait()?;
    let Some(written) = written.filter(|_| app.config.smtp.is_configured()) else {
        return Err(Stop::Drop("nobody wants this letter any more"));
    };
    mail::send(&app.config, &written).map_err(|error| {
        tracing::warn!(%error, "a letter was not taken");
        if error.is_final { Error::invalid(error.text) } else { Error::Remote(error.text.into()) }
    })?;
    Ok(false)
}
