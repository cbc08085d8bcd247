//! Smaller versions of large images and still ones of moving images, made here: by the process
//! that decodes uploads, one at a time (S-107), of a file that lies in the cache.

use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::media::arriving::Failure;
use crate::media::failures::What;
use crate::media::image::{Order, Outcome, Purpose};
use crate::media::storage::{self, Name};
use crate::model::CacheClass;
use crate::service::cached_file::Wanted;

use super::cached_file;

/// Makes what a job names: class, owner and address of the original. An image that cannot be
/// decoded is shown as it is, and not tried again for a while.
pub fn make(app: &App, payload: &[u8]) -> Result<()> {
    let (class, owner, url): (i64, i64, String) =
        serde_json::from_slice(payload).map_err(Error::internal)?;
    let (class, made_of) = match CacheClass::from_number(class) {
        Some(class @ CacheClass::Preview) => (class, CacheClass::Original),
        Some(class @ CacheClass::AvatarStill) => (class, CacheClass::Avatar),
        Some(class @ CacheClass::HeaderStill) => (class, CacheClass::Header),
        Some(class @ CacheClass::EmojiStill) => (class, CacheClass::Emoji),
        _ => return Ok(()),
    };
    let Some(wanted) = Wanted::new(&app.site, class, owner, &url, Some(made_of)) else {
        return Ok(());
    };
    if cached_file::open(app, &wanted)?.is_some() {
        return Ok(());
    }
    let source = wanted.source(&app.site);
    let Some(row) = app.db.read(|conn| db::cached_file::find(conn, &source.key))? else {
        return Ok(());
    };
    let Some(name) = Name::parse(&row.name()) else { return Ok(()) };
    let order = Order {
        input: app.media.cache.locate(&name),
        output: app.media.cache.temporary(&storage::new_key()),
        purpose: Purpose::Preview,
        max_pixels: app.site.limits.max_image_pixels as u64,
    };
    // nothing is decoded for which there is no room
    let place = app.media.room.reserve(0);
    let made = place.and_then(|place| Ok((place, app.media.decode(&order)?)));
    let result = made.and_then(|(mut place, outcome)| match outcome {
        Outcome::Made(made) => {
            let (ending, bytes) = (&made.full.extension, made.full.bytes);
            place.grow(bytes)?;
            cached_file::store(app, &wanted, &order.full(), ending, bytes, false)
        }
        Outcome::Refused(reason) | Outcome::Converter { sentence: reason, .. } => {
            tracing::debug!(%url, %reason, "no smaller version");
            app.failures.note(What::File(wanted.key), Failure::Refused);
            Ok(())
        }
    });
    for left in [order.full(), order.small()] {
        let _ = std::fs::remove_file(left);
    }
    match result {
        // the original stands in, and who looks after a while has it tried again
        Err(error @ Error::Unavailable { .. }) if !app.wake.is_closed() => {
            tracing::debug!(%url, %error, "no smaller version now");
            app.failures.note(What::File(wanted.key), Failure::NoRoom);
            Ok(())
        }
        result => result,
    }
}
