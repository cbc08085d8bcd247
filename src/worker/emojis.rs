//! Still versions of the emojis that were here before there were any.

use crate::app::App;
use crate::db::{self, Lane};
use crate::error::Error;
use crate::federation::process::Step;
use crate::model::Job;
use crate::service::emoji::Picture;

/// Looks at the frames of one emoji; its job goes with the last of them. What cannot be decoded
/// stays as it is: nothing could be decoded at the time when it was taken.
pub(super) fn make_still(app: &App, job: &Job) -> Step<bool> {
    let next = app.db.read(db::emoji::next_unseen)?;
    let seen = match next {
        None => None,
        Some((key, image)) => {
            let still = match Picture::from_bytes(&app.media, &image, image.len()) {
                Ok(picture) => picture.into_still(),
                Err(Error::Invalid(why)) => {
                    tracing::info!(%key, %why, "an emoji has no still version");
                    None
                }
                Err(error) => return Err(error.into()),
            };
            Some((key, still))
        }
    };
    let id = job.id;
    let written = app.db.write(Lane::Background, move |tx| match seen {
        Some((key, still)) => {
            db::emoji::set_still(tx, &key, still.as_deref())?;
            db::job::again(tx, id, tx.now())
        }
        None => db::job::remove(tx, id),
    });
    written.wait()?;
    Ok(true)
}
