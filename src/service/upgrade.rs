//! Before a newer program changes the form of the database it is copied, so that the change can be
//! taken back.

use crate::clock::Clock;
use crate::config::{Config, Size};
use crate::db::upgrade;
use crate::error::{Error, Result};
use crate::media::storage;

use super::backup::stamp;

/// Copies the database if opening it will upgrade it.
///
/// # Errors
/// When there is no room for the copy: nothing is changed then.
pub fn prepare(config: &Config, clock: &Clock) -> Result<()> {
    let folder = &config.storage.data_dir;
    if !config.backup.before_upgrade {
        return Ok(());
    }
    let Some(pending) = upgrade::pending(folder)? else { return Ok(()) };
    let free = storage::free_bytes(folder)?;
    let need = pending.bytes.saturating_add(1 << 20);
    if free < need {
        return Err(Error::internal(format!(
            "this version upgrades the database, and a copy of it as it is needs {} in {}, where \
             {} are free. Make room, or set backup.before_upgrade to false if you have a backup.",
            Size(need).rounded(),
            folder.display(),
            Size(free).rounded()
        )));
    }
    let (from, to) = (pending.from, pending.to);
    tracing::info!(from, to, "copying the database before it is upgraded");
    let mut told = 0;
    upgrade::keep(folder, pending, &stamp(clock.now_ms()), &mut |done, all| {
        let quarter = done.saturating_mul(4) / all.max(1);
        if quarter > told {
            told = quarter;
            tracing::info!("{} of {} copied", Size(done).rounded(), Size(all).rounded());
        }
        Ok(())
    })
}
